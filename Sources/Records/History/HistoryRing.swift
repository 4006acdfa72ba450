// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A part of the entries of a ``RecordHistory``.
///
/// Concurrency: a lock protects the slots.
final class HistoryRing: Sendable {
    private let slots = Mutex(HistorySlots(capacity: 0))

    /// The bytes of an entry.
    static var slotBytes: Int { MemoryLayout<HistorySlots.Slot>.stride }

    /// Stores an entry in place of the oldest one.
    ///
    /// - Parameter step: how far apart the numbers of the entries of this ring are.
    func store(_ record: consuming ConnectionRecord, number: UInt64, step: UInt64) {
        // What a closure captures cannot be consumed; what it finds in a variable can be taken.
        var slot: HistorySlots.Slot? = HistorySlots.Slot(number: number, record: record)
        slots.withLock { slots in
            if let slot = slot.take() { slots.store(slot, step: step) }
        }
    }

    /// Encodes an entry, if it is there and matches.
    func read(
        _ number: UInt64, step: UInt64, by encoder: inout JSONLineEncoder, to bytes: inout [UInt8],
        where matches: HistoryReader.Condition
    ) {
        slots.withLock { $0.read(number, step: step, by: &encoder, to: &bytes, where: matches) }
    }

    /// Keeps the newest entries for which there is room.
    func resize(to capacity: Int, step: UInt64) {
        slots.withLock { $0.resize(to: capacity, step: step) }
    }
}

/// Slots in memory of their own, which the kernel provides only as they are filled.
@safe private struct HistorySlots: ~Copyable {
    struct Slot: ~Copyable, Sendable {
        let number: UInt64
        /// nil in a slot that was passed over.
        let record: ConnectionRecord?

        init(number: UInt64, record: consuming ConnectionRecord?) {
            self.number = number
            self.record = record
        }
    }

    // unsafe: used by these methods only, which check every index.
    private let memory: UnsafeMutableBufferPointer<Slot>

    /// How many slots, from the first, are initialized.
    private var filled = 0

    init(capacity: Int) {
        unsafe memory = .allocate(capacity: capacity)
    }

    deinit {
        unsafe memory.extracting(..<filled).deinitialize()
        unsafe memory.deallocate()
    }

    mutating func store(_ slot: consuming Slot, step: UInt64) {
        guard let index = index(of: slot.number, step) else { return }
        while filled <= index {
            unsafe memory.initializeElement(at: filled, to: Slot(number: 0, record: nil))
            filled += 1
        }
        // A lane that was preempted may come after the one that has gone once around.
        guard unsafe memory[index].number <= slot.number else { return }
        // Not an assignment: Swift 6.3 cannot compile that for the thread sanitizer.
        unsafe memory.extracting(index..<index + 1).deinitialize()
        unsafe memory.initializeElement(at: index, to: slot)
    }

    func read(
        _ number: UInt64, step: UInt64, by encoder: inout JSONLineEncoder, to bytes: inout [UInt8],
        where matches: HistoryReader.Condition
    ) {
        guard let index = index(of: number, step), index < filled else { return }
        guard unsafe memory[index].number == number else { return }
        switch unsafe memory[index].record {
        case .some(let record): if matches(record) { encoder.encode(record, to: &bytes) }
        case nil: break
        }
    }

    mutating func resize(to capacity: Int, step: UInt64) {
        var next = HistorySlots(capacity: capacity)
        for index in 0..<filled {
            let slot = unsafe memory.moveElement(from: index)
            guard slot.record != nil else { continue }
            next.store(slot, step: step)
        }
        // All were moved out.
        filled = 0
        self = next
    }

    /// The place of an entry; nil if there is no room for any.
    private func index(of number: UInt64, _ step: UInt64) -> Int? {
        let count = unsafe memory.count
        guard count > 0 else { return nil }
        return Int(truncatingIfNeeded: number / step % UInt64(count))
    }
}
