// SPDX-License-Identifier: Apache-2.0

/// A set of member indices. Indices below 64 need no allocation.
package struct MemberSet: Sendable {
    private var low: UInt64 = 0
    private var high: [Int] = []

    /// Whether the set has no members.
    package var isEmpty: Bool { low == 0 && high.isEmpty }

    /// The members, in no particular order.
    package var elements: [Int] {
        var elements = high
        var bits = low
        while bits != 0 {
            elements.append(bits.trailingZeroBitCount)
            bits &= bits - 1
        }
        return elements
    }

    /// Whether a member is in the set.
    package func contains(_ index: Int) -> Bool {
        index < 64 ? low & (1 << UInt64(index)) != 0 : high.contains(index)
    }

    /// Puts a member into the set.
    ///
    /// - Precondition: the index is not negative.
    package mutating func insert(_ index: Int) {
        if index < 64 {
            low |= 1 << UInt64(index)
        } else if !high.contains(index) {
            high.append(index)
        }
    }

    /// Makes an empty set.
    package init() {}
}
