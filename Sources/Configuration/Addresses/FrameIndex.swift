// SPDX-License-Identifier: Apache-2.0

/// An index of sets of CAN frames: finds all sets that have a frame in common with a given set.
///
/// The cost of a look-up depends on the number of different masks, not of sets: two patterns can differ only in the bits that
/// both masks have, and a table for these bits is made when it is first needed.
struct FrameIndex {
    /// The patterns with one mask.
    private struct Table {
        let mask: UInt32
        var entries: [(id: UInt32, number: Int)] = []
        /// For each set of compared bits: the numbers by the value of the identifier in these bits.
        var places: [UInt32: [UInt32: [Int]]] = [:]

        /// The most entries that are compared one by one. Also the most tables, since each has all the entries.
        private static let limit = 32

        mutating func add(_ id: UInt32, _ number: Int) {
            entries.append((id, number))
            // An array, since a view of the keys would share the dictionary, and every change would copy it.
            for bits in Array(places.keys) { places[bits]?[id & bits, default: []].append(number) }
        }

        /// Makes the table for some bits if that pays off.
        ///
        /// - Returns: false if the entries are to be compared one by one.
        mutating func prepare(_ bits: UInt32) -> Bool {
            if places[bits] != nil { return true }
            guard entries.count > Self.limit, places.count < Self.limit else { return false }
            var place: [UInt32: [Int]] = [:]
            for entry in entries { place[entry.id & bits, default: []].append(entry.number) }
            places[bits] = place
            return true
        }
    }

    private var tables: [Table] = []
    /// The index in `tables` for each mask.
    private var masks: [UInt32: Int] = [:]

    /// Adds a set under a number, which must not be lower than the earlier ones.
    mutating func add(_ frames: FrameSet, _ number: Int) {
        for pattern in frames.patterns {
            if let table = masks[pattern.mask] {
                tables[table].add(pattern.id, number)
            } else {
                masks[pattern.mask] = tables.count
                tables.append(Table(mask: pattern.mask, entries: [(pattern.id, number)]))
            }
        }
    }

    /// The lowest number of the sets that have a frame in common with this one.
    mutating func first(for frames: FrameSet) -> Int? {
        var lowest: Int?
        for table in tables.indices {
            for pattern in frames.patterns {
                let bits = tables[table].mask & pattern.mask
                let id = pattern.id & bits
                let number =
                    tables[table].prepare(bits)
                    ? tables[table].places[bits]?[id]?.first
                    : tables[table].entries.first { $0.id & bits == id }?.number
                if let number { lowest = min(lowest ?? number, number) }
            }
        }
        return lowest
    }

    /// The numbers of all sets that have a frame in common with this one, ascending.
    ///
    /// - Parameter isGone: true for a number that is not needed any more; such numbers are left out, and removed where they are
    ///   found.
    mutating func numbers(for frames: FrameSet, dropping isGone: (Int) -> Bool = { _ in false }) -> [Int] {
        var numbers: Set<Int> = []
        for table in tables.indices {
            for pattern in frames.patterns {
                let bits = tables[table].mask & pattern.mask
                let id = pattern.id & bits
                if tables[table].prepare(bits) {
                    tables[table].places[bits]?[id]?.removeAll(where: isGone)
                    numbers.formUnion(tables[table].places[bits]?[id] ?? [])
                } else {
                    for entry in tables[table].entries where entry.id & bits == id && !isGone(entry.number) {
                        numbers.insert(entry.number)
                    }
                }
            }
        }
        return numbers.sorted()
    }
}
