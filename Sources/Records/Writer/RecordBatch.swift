// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The records that a lane submits to the destinations at once; all destinations read the same batch.
///
/// Concurrency: the lane fills it before it submits it, and the last destination that finishes it empties it, so the lock is
/// never contended.
final class RecordBatch: Sendable {
    private let records = Mutex(EncodedRecords())
    private let readers = Atomic(0)

    /// Fills the batch for `count` readers, and returns its old, empty memory in `full`.
    func fill(with full: inout EncodedRecords, readers count: Int) {
        records.withLock { swap(&$0, &full) }
        readers.store(count, ordering: .releasing)
    }

    /// The records; they share their memory with the batch.
    var content: EncodedRecords { records.withLock { $0 } }

    /// Marks that a destination has finished with the batch and holds no ``content`` of it.
    ///
    /// - Returns: whether it was the last one; then the batch is empty and may be reused.
    func finish() -> Bool {
        guard readers.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return false }
        records.withLock { $0.removeAll() }
        return true
    }
}

/// Empty batches of one lane, for reuse.
///
/// Concurrency: the lane and the threads of the destinations use it; a lock protects it, taken once a batch.
final class BatchPool: Sendable {
    private let spares = Mutex<[RecordBatch]>([])

    /// How many empty batches are kept. More would hold memory that only a burst needed.
    private static let mostSpares = 4

    /// Takes an empty batch from the pool, or makes one.
    func take() -> RecordBatch { spares.withLock { $0.popLast() } ?? RecordBatch() }

    /// Returns an empty batch to the pool.
    func release(_ batch: RecordBatch) {
        spares.withLock { spares in
            if spares.count < Self.mostSpares { spares.append(batch) }
        }
    }
}
