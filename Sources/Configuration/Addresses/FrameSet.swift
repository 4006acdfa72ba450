// SPDX-License-Identifier: Apache-2.0

import Addresses

/// The CAN frames that pass one of some filters.
struct FrameSet: Hashable {
    /// The frames whose identifier, with the flag of the extended format among its bits, equals `id` in the bits of `mask`.
    struct Pattern: Hashable {
        /// No bits but those of `mask`.
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

    /// In one order, whatever the order of the filters.
    let patterns: [Pattern]

    /// Every frame, which is what passes where no filter is written.
    static let all = FrameSet(patterns: [Pattern(id: 0, mask: 0)])

    /// What passes the filters of an address.
    init(_ filters: [CANFilter]) {
        self = filters.isEmpty ? .all : Self(reducing: filters.map(Pattern.init))
    }

    /// What is in one of some sets.
    init(joining sets: some Sequence<FrameSet>) {
        self.init(reducing: sets.flatMap(\.patterns))
    }

    private init(patterns: [Pattern]) {
        self.patterns = patterns
    }

    /// Leaves out what another pattern contains, so that equal sets mostly are equal values; in a long list only what stands
    /// there twice, for each would be compared with each.
    private init(reducing patterns: [Pattern]) {
        guard patterns.count > 1 else {
            self.patterns = patterns
            return
        }
        // A pattern has more bits than one that contains it.
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

    /// The frames that are in both; nil if there are none.
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
