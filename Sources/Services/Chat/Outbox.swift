// SPDX-License-Identifier: Apache-2.0

import Records

/// What the room wants done, in order: bytes for members, and members to be let go.
///
/// The bytes stand once, however many members are to have them; what goes to the same members in a row goes as one. It is
/// filled again and again, so a line costs no allocation.
struct Outbox {
    /// One thing to be done.
    enum Step: Equatable {
        /// Send the bytes to one member.
        case send(to: MemberID, Range<Int>)
        /// Send the bytes to everyone but one member.
        case sendToOthers(of: MemberID, Range<Int>)
        /// Send the bytes to everyone.
        case sendToAll(Range<Int>)
        /// End the connection of a member that has left.
        case end(MemberID, CloseReason, by: CloseParty)
    }

    /// What is to be sent.
    private(set) var bytes: [UInt8] = []

    /// What is to be done.
    private(set) var steps: [Step] = []

    /// Whether there is nothing to do.
    var isEmpty: Bool { steps.isEmpty }

    /// Adds to what one member is to have.
    mutating func send(to member: MemberID, _ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        write(&bytes)
        if case .send(to: member, let range) = steps.last {
            steps[steps.count - 1] = .send(to: member, range.lowerBound..<bytes.count)
        } else {
            steps.append(.send(to: member, start..<bytes.count))
        }
    }

    /// Adds to what everyone but one member is to have.
    mutating func sendToOthers(of member: MemberID, _ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        write(&bytes)
        if case .sendToOthers(of: member, let range) = steps.last {
            steps[steps.count - 1] = .sendToOthers(of: member, range.lowerBound..<bytes.count)
        } else {
            steps.append(.sendToOthers(of: member, start..<bytes.count))
        }
    }

    /// Adds to what everyone is to have.
    mutating func sendToAll(_ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        write(&bytes)
        steps.append(.sendToAll(start..<bytes.count))
    }

    /// Lets a member go after what was added before.
    mutating func end(_ member: MemberID, _ reason: CloseReason, by party: CloseParty) {
        steps.append(.end(member, reason, by: party))
    }

    /// Forgets everything but the memory, unless a burst has made that large.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: bytes.capacity <= 64 << 10)
        steps.removeAll(keepingCapacity: true)
    }
}
