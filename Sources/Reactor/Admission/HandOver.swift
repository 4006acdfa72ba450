// SPDX-License-Identifier: Apache-2.0

/// To which lane a connection goes that one of them accepted.
enum HandOver {
    /// How far apart the loads may be before a connection moves: less would move many for nothing.
    static let tolerance = 8

    /// The lane that is to have the next connection, if it is another one than `own`.
    ///
    /// - Parameters:
    ///   - own: the accepting lane.
    ///   - count: how many lanes there are.
    ///   - load: how many connections a lane has.
    static func target(own: Int, count: Int, load: (Int) -> Int) -> Int? {
        guard count > 1 else { return nil }
        let ownLoad = load(own)
        guard ownLoad >= tolerance else { return nil }
        var emptiest = own
        var least = ownLoad
        for lane in 0..<count where load(lane) < least {
            emptiest = lane
            least = load(lane)
        }
        return ownLoad - least >= max(tolerance, least / 8) ? emptiest : nil
    }
}
