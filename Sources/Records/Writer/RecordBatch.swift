// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a lane hands to the destinations of the log in one go. All of them read the same one.
///
/// Concurrency: the lane fills it before it submits it, and the last destination that is done with it empties it, so the
/// lock is never waited for.
final class RecordBatch: Sendable {
    private let records = Mutex(EncodedRecords())
    private let readers = Atomic(0)

    /// Puts records in, for so many destinations to read, and takes the emptied memory out.
    func fill(with full: inout EncodedRecords, readers count: Int) {
        records.withLock { swap(&$0, &full) }
        readers.store(count, ordering: .releasing)
    }

    /// The records. They share their memory with the batch.
    var content: EncodedRecords { records.withLock { $0 } }

    /// Notes that a destination is done with it, and does not hold ``content`` any more.
    ///
    /// - Returns: whether it was the last; then the batch is empty and may be filled again.
    func finish() -> Bool {
        guard readers.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return false }
        records.withLock { $0.removeAll() }
        return true
    }
}

/// Emptied batches of one lane, to be filled again.
///
/// Concurrency: the lane and the threads of the destinations use it; a lock guards it, taken once a batch.
final class BatchPool: Sendable {
    private let spares = Mutex<[RecordBatch]>([])

    /// Emptied batches that are kept. More would hold memory that only a burst needed.
    private static let mostSpares = 4

    /// An empty batch.
    func take() -> RecordBatch { spares.withLock { $0.popLast() } ?? RecordBatch() }

    /// Keeps an emptied batch.
    func giveBack(_ batch: RecordBatch) {
        spares.withLock { spares in
            if spares.count < Self.mostSpares { spares.append(batch) }
        }
    }
}
