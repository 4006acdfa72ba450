// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Calls a closure for every session of a lane, for as many in a turn as ``FanOut`` allows.
///
/// Concurrency: belongs to one lane, whose table holds it until it is done.
final class Sweep: Pollable {
    private let lane: Lane
    private let body: (Session) -> Int
    private var fanOut = FanOut()

    /// How many slots all sweeps of a lane visit in a turn, and how many each visits in any case.
    static let slotsPerTurn = 4096
    private static let leastSlots = 64

    /// The next slot, and how many slots there were when it began.
    private var next = 0
    private let end: Int

    /// Sessions with this number or a higher one began after the sweep.
    private let identifierLimit: UInt64

    init(over lane: Lane, _ body: @escaping (Session) -> Int) {
        self.lane = lane
        self.body = body
        end = lane.table.capacity
        identifierLimit = lane.shared.makeIdentifier()
        super.init()
    }

    override func ready(_ readiness: Readiness) -> Turn {
        var slots = 0
        while next < end {
            guard slots < Self.leastSlots || lane.sweepSlotsLeft > 0, fanOut.hasUnits(on: lane) else {
                lane.giveTurn(to: self)
                return .done
            }
            slots += 1
            lane.sweepSlotsLeft -= 1
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
    /// Calls `body` for every session that is open now, in this turn and those that follow.
    ///
    /// - Parameter body: returns about how many system calls it made.
    package func sweep(_ body: @escaping (Session) -> Int) {
        let sweep = Sweep(over: self, body)
        add(sweep)
        _ = sweep.ready([])
    }
}
