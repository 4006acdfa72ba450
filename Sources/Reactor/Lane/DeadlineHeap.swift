// SPDX-License-Identifier: Apache-2.0

/// A binary min-heap of a lane's deadlines, at most one for each slot.
///
/// Each slot knows the index of its entry, so a connection that closes removes its deadline. Deadlines are mostly scheduled
/// in rising order, which costs one comparison each. To postpone a deadline costs nothing until it is due: the lane then
/// asks its owner for the one in force (see ``Lane``).
struct DeadlineHeap {
    private struct Entry {
        var time: UInt64
        var slot: Int
    }

    private var entries: [Entry] = []

    /// For each slot the index of its entry, or -1.
    private var places: [Int32] = []

    /// The earliest deadline and its slot; nil when there is none.
    var earliest: (time: UInt64, slot: Int)? {
        guard let first = entries.first else { return nil }
        return (first.time, first.slot)
    }

    /// How many deadlines there are.
    var count: Int { entries.count }

    /// Sets or replaces the deadline of a slot.
    mutating func schedule(_ slot: Int, at time: UInt64) {
        while places.count <= slot { places.append(-1) }
        var index = Int(places[slot])
        if index < 0 {
            index = entries.count
            entries.append(Entry(time: time, slot: slot))
            places[slot] = Int32(index)
        } else {
            entries[index].time = time
        }
        siftUp(index)
        siftDown(Int(places[slot]))
    }

    /// Removes the deadline of a slot, if it has one.
    mutating func cancel(_ slot: Int) {
        guard slot < places.count, places[slot] >= 0 else { return }
        let index = Int(places[slot])
        places[slot] = -1
        let last = entries.removeLast()
        guard index < entries.count else { return }
        entries[index] = last
        places[last.slot] = Int32(index)
        siftUp(index)
        siftDown(Int(places[last.slot]))
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard entries[index].time < entries[parent].time else { return }
            swap(index, parent)
            index = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var smallest = index
            for child in (2 * index + 1)...(2 * index + 2) where child < entries.count {
                if entries[child].time < entries[smallest].time { smallest = child }
            }
            guard smallest != index else { return }
            swap(index, smallest)
            index = smallest
        }
    }

    private mutating func swap(_ first: Int, _ second: Int) {
        entries.swapAt(first, second)
        places[entries[first].slot] = Int32(first)
        places[entries[second].slot] = Int32(second)
    }
}

#if DEBUG
    extension DeadlineHeap {
        /// The slots that have a deadline, in no particular order.
        var slots: [Int] { entries.map(\.slot) }

        /// The deadline of a slot; nil if it has none.
        func time(of slot: Int) -> UInt64? {
            places.indices.contains(slot) && places[slot] >= 0 ? entries[Int(places[slot])].time : nil
        }

        /// Violations of the heap order, and entries whose slot has another index for them. Debug builds only.
        var faults: [String] {
            var faults: [String] = []
            for (index, entry) in entries.enumerated() {
                if index > 0, entries[(index - 1) / 2].time > entry.time {
                    faults.append("deadline \(index) is earlier than the one above it")
                }
                if places[entry.slot] != Int32(index) {
                    faults.append("slot \(entry.slot) has its deadline at \(index), not at \(places[entry.slot])")
                }
            }
            let placed = places.count { $0 >= 0 }
            if placed != entries.count { faults.append("\(placed) slots have one of \(entries.count) deadlines") }
            return faults
        }
    }
#endif
