// SPDX-License-Identifier: Apache-2.0

/// Chooses the lane that serves a connection.
enum HandOver {
    /// The least difference of loads for which a connection moves. With less, many would move for no benefit.
    static let tolerance = 8

    /// The lane for the next connection; nil to keep it on `own`.
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
