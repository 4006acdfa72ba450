// SPDX-License-Identifier: Apache-2.0

import Addresses

/// A set of CAN frames: those that pass at least one of several filters.
struct FrameSet: Hashable {
    /// The frames whose identifier, including the flag of the extended format, equals `id` in the bits of `mask`.
    struct Pattern: Hashable {
        /// Has no bits outside of `mask`.
        let id: UInt32
        let mask: UInt32

        init(id: UInt32, mask: UInt32) {
            self.id = id
            self.mask = mask
        }

        init(_ filter: CANFilter) {
            (id, mask) = filter.comparison
        }

        func overlaps(_ other: Pattern) -> Bool { (id ^ other.id) & mask & other.mask == 0 }

        func contains(_ other: Pattern) -> Bool { mask & ~other.mask == 0 && (id ^ other.id) & mask == 0 }
    }

    /// Sorted, so that the order of the filters does not matter.
    let patterns: [Pattern]

    /// Every frame: an address without filters.
    static let all = FrameSet(patterns: [Pattern(id: 0, mask: 0)])

    /// The frames that pass the filters of an address.
    init(_ filters: [CANFilter]) {
        self = filters.isEmpty ? .all : Self(reducing: filters.map(Pattern.init))
    }

    /// The union of several sets.
    init(joining sets: some Sequence<FrameSet>) {
        self.init(reducing: sets.flatMap(\.patterns))
    }

    private init(patterns: [Pattern]) {
        self.patterns = patterns
    }

    /// Removes patterns that another one contains, so that equal sets usually are equal values.
    ///
    /// In a list of more than 512 patterns only duplicates are removed: comparing each with each would take too long.
    private init(reducing patterns: [Pattern]) {
        guard patterns.count > 1 else {
            self.patterns = patterns
            return
        }
        // A pattern has at least as many mask bits as one that contains it, so it comes later.
        let sorted = patterns.sorted {
            ($0.mask.nonzeroBitCount, $0.mask, $0.id) < ($1.mask.nonzeroBitCount, $1.mask, $1.id)
        }
        guard sorted.first?.mask != 0 else {
            self = .all
            return
        }
        var kept: [Pattern] = []
        for pattern in sorted {
            let isKnown = sorted.count > 512 ? kept.last == pattern : kept.contains { $0.contains(pattern) }
            if !isKnown { kept.append(pattern) }
        }
        self.patterns = kept
    }

    func overlaps(_ other: FrameSet) -> Bool {
        patterns.contains { pattern in other.patterns.contains { $0.overlaps(pattern) } }
    }

    /// The frames that are in both sets; nil if there are none.
    func intersection(_ other: FrameSet) -> FrameSet? {
        if self == .all { return other }
        if other == .all { return self }
        var both: [Pattern] = []
        for one in patterns {
            for two in other.patterns where one.overlaps(two) {
                both.append(Pattern(id: one.id | two.id, mask: one.mask | two.mask))
            }
        }
        return both.isEmpty ? nil : Self(reducing: both)
    }
}
