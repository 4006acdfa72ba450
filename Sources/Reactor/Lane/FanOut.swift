// SPDX-License-Identifier: Apache-2.0

/// How much is done in a turn of a lane for many because of one: a line that all members of a room get, the end of all
/// connections of an upstream that is down.
///
/// Whatever one client does, the others of its lane have their turns, so what it causes for many is cut into parts. A part
/// is counted in units, of which a system call is sixteen and 4 KiB to copy are one: about a millisecond of work in a turn,
/// whatever the machine. All who fan out in one turn share it, and each has a little of it in any case.
package struct FanOut {
    /// The units of all in a turn.
    static let perTurn = 128 * 16

    /// The units that each has, whatever the others use.
    private static let least = 4 * 16

    private var turn: UInt64?
    private var left = 0

    /// Makes one for somebody who fans out.
    package init() {}

    /// Whether there is something left in this turn of the lane.
    package mutating func mayGoOn(on lane: Lane) -> Bool {
        if turn != lane.turns {
            turn = lane.turns
            left = max(Self.least, lane.fanOutLeft / 2)
        }
        return left > 0
    }

    /// Notes what was done.
    package mutating func note(calls: Int, bytes: Int = 0, on lane: Lane) {
        let units = calls * 16 + bytes / 4096
        left -= units
        lane.fanOutLeft -= units
    }
}
