// SPDX-License-Identifier: Apache-2.0

/// Limits what a lane does in one turn for many clients because of one event.
///
/// Examples are a line that goes to all members of a room, and the end of all connections of an upstream that is down. Such
/// work is spread over several turns, so that the other clients of the lane are served in between.
///
/// Work is counted in units: 16 for a system call, 1 for copying 4 KiB. The limit is about a millisecond of work in a turn.
/// In each turn a user may spend half of the units that are left, and a small minimum in any case.
package struct FanOut {
    /// The units that all users share in one turn.
    static let perTurn = 128 * 16

    /// The units that each user has in a turn, whatever the others spend.
    private static let minimum = 4 * 16

    private var turn: UInt64?
    private var left = 0

    /// Makes the limit of one user.
    package init() {}

    /// Whether this user has units left in the lane's current turn.
    package mutating func hasUnits(on lane: Lane) -> Bool {
        if turn != lane.turns {
            turn = lane.turns
            left = max(Self.minimum, lane.fanOutLeft / 2)
        }
        return left > 0
    }

    /// Subtracts the units of work that was done.
    package mutating func note(calls: Int, bytes: Int = 0, on lane: Lane) {
        let units = calls * 16 + bytes / 4096
        left -= units
        lane.fanOutLeft -= units
    }
}
