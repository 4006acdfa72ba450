// SPDX-License-Identifier: Apache-2.0

/// A member's number in its room: ascending in the order of joining, never reused.
struct MemberID: Hashable, Comparable {
    let number: UInt64

    static func < (first: MemberID, second: MemberID) -> Bool { first.number < second.number }
}
