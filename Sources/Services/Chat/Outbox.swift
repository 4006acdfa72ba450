// SPDX-License-Identifier: Apache-2.0

import Records

/// The steps that the room has decided, in order: bytes to send, and members to close.
///
/// The bytes are stored once, for however many members; consecutive bytes for the same members are one step. The memory is
/// reused, so a line needs no allocation.
struct Outbox {
    /// One step.
    enum Step: Equatable {
        /// Send the bytes to one member.
        case send(to: MemberID, Range<Int>)
        /// Send the bytes to every member except one.
        case sendToOthers(of: MemberID, Range<Int>)
        /// Send the bytes to every member.
        case sendToAll(Range<Int>)
        /// Close the connection of a member that has left.
        case end(MemberID, CloseReason, by: CloseParty)
    }

    /// The bytes of all steps.
    private(set) var bytes: [UInt8] = []

    /// The steps.
    private(set) var steps: [Step] = []

    /// Whether there are no steps.
    var isEmpty: Bool { steps.isEmpty }

    /// Adds bytes for one member.
    mutating func send(to member: MemberID, _ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        write(&bytes)
        if case .send(to: member, let range) = steps.last {
            steps[steps.count - 1] = .send(to: member, range.lowerBound..<bytes.count)
        } else {
            steps.append(.send(to: member, start..<bytes.count))
        }
    }

    /// Adds bytes for every member except one.
    mutating func sendToOthers(of member: MemberID, _ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        write(&bytes)
        if case .sendToOthers(of: member, let range) = steps.last {
            steps[steps.count - 1] = .sendToOthers(of: member, range.lowerBound..<bytes.count)
        } else {
            steps.append(.sendToOthers(of: member, start..<bytes.count))
        }
    }

    /// Adds bytes for every member.
    mutating func sendToAll(_ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        write(&bytes)
        steps.append(.sendToAll(start..<bytes.count))
    }

    /// Closes a member after the steps before.
    mutating func end(_ member: MemberID, _ reason: CloseReason, by party: CloseParty) {
        steps.append(.end(member, reason, by: party))
    }

    /// Removes all steps. The memory is kept, unless a burst has made it large.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: bytes.capacity <= 64 << 10)
        steps.removeAll(keepingCapacity: true)
    }
}
