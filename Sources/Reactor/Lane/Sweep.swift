// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Does something with every session of a lane, with as many in a turn as ``FanOut`` allows.
///
/// Concurrency: belongs to one lane. It is in the lane's table until it is done.
final class Sweep: Pollable {
    private let lane: Lane
    private let body: (Session) -> Int
    private var fanOut = FanOut()

    /// How many connections all sweeps of a lane look at in a turn, whatever is done with them; and how many each does at
    /// least.
    static let looksPerTurn = 4096
    private static let leastLooks = 64

    /// The slot that comes next, and up to where there were slots when it began.
    private var next = 0
    private let end: Int

    /// Connections from this number on came later.
    private let identifierLimit: UInt64

    init(over lane: Lane, _ body: @escaping (Session) -> Int) {
        self.lane = lane
        self.body = body
        end = lane.table.capacity
        identifierLimit = lane.shared.makeIdentifier()
        super.init()
    }

    override func ready(_ readiness: Readiness) -> Turn {
        var looks = 0
        while next < end {
            guard looks < Self.leastLooks || lane.sweepLooksLeft > 0, fanOut.mayGoOn(on: lane) else {
                lane.giveTurn(to: self)
                return .done
            }
            looks += 1
            lane.sweepLooksLeft -= 1
            let connection = lane.table[next] as? Session
            next += 1
            guard let connection, connection.isOpen, connection.identity.number < identifierLimit else { continue }
            fanOut.note(calls: body(connection), on: lane)
        }
        lane.forget(self)
        return .done
    }
}

extension Lane {
    /// Does something with every connection that there is now, in this turn and those that follow.
    ///
    /// - Parameter body: returns about how many system calls it took.
    package func sweep(_ body: @escaping (Session) -> Int) {
        let sweep = Sweep(over: self, body)
        enroll(sweep)
        _ = sweep.ready([])
    }
}
