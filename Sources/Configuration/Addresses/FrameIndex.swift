// SPDX-License-Identifier: Apache-2.0

/// Finds by a set of CAN frames the numbers of all sets that have a frame in common with it.
///
/// A look-up costs as many steps as there are different masks, not as many as there are sets: under two masks, identifiers
/// can only differ in the bits that both have, and a table for those bits is made when it is first needed.
struct FrameIndex {
    /// The identifiers under one mask.
    private struct Table {
        let mask: UInt32
        var entries: [(id: UInt32, number: Int)] = []
        /// For bits that are compared, the numbers by what the identifier has in them.
        var places: [UInt32: [UInt32: [Int]]] = [:]

        /// So few are compared one by one; and no more tables than that are made, since each has all the entries.
        private static let limit = 32

        mutating func add(_ id: UInt32, _ number: Int) {
            entries.append((id, number))
            // An array, since a view of the keys would keep the tables shared, and each would be copied to add to it.
            for bits in Array(places.keys) { places[bits]?[id & bits, default: []].append(number) }
        }

        /// Makes the table for some bits if that is worth it; false if the entries are to be compared.
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
    /// The place of each mask in `tables`.
    private var masks: [UInt32: Int] = [:]

    /// Adds a set under a number that is not below those before.
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

    /// The numbers of all sets that have a frame in common with this one, ascending. Those of which `isGone` is true are not
    /// among them, and never will be again: they are taken out where they are met.
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
