// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What one ``RecordBuffer`` and the writer share: how far the writer is behind, what was dropped meanwhile, and emptied
/// batches to be filled again.
///
/// Concurrency: the lane and the writer's queue both use it; a lock guards it, taken once a batch and for each record
/// that is dropped, never for one that is kept.
final class RecordBacklog: Sendable {
    /// The records that a lane dropped since the last one that it kept.
    struct Drops: Equatable, Sendable {
        /// How many.
        var count: UInt64

        /// When the first of them happened: nanoseconds since 1970.
        var first: UInt64

        /// When the last of them happened.
        var last: UInt64
    }

    private struct Shared {
        var outstanding = 0
        var drops: Drops?
        var spares: [RecordBatch] = []
    }

    private let limit: Int
    private let outstanding = Atomic(0)
    private let shared = Mutex(Shared())

    /// Emptied batches that are kept. More would hold memory that only a burst needed.
    private static let mostSpares = 2

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether the next record has to be dropped. May say so a moment too long; ``drop(at:)`` then decides.
    var isFull: Bool { outstanding.load(ordering: .relaxed) > limit }

    /// Counts a record as dropped; false if there is room for it after all.
    ///
    /// The decision is made under the lock, so a record is dropped only while a batch is with the writer, and the writer
    /// looks for drops after each batch: none stays untold.
    func drop(at time: UInt64) -> Bool {
        shared.withLock { shared in
            guard shared.outstanding > limit else { return false }
            if shared.drops == nil {
                shared.drops = Drops(count: 1, first: time, last: time)
            } else {
                shared.drops?.count += 1
                shared.drops?.last = time
            }
            return true
        }
    }

    /// Notes that bytes go to the writer, and returns an emptied batch to carry them if there is one.
    @discardableResult
    func submit(byteCount: Int) -> RecordBatch? {
        shared.withLock { shared in
            shared.outstanding += byteCount
            outstanding.store(shared.outstanding, ordering: .relaxed)
            return shared.spares.popLast()
        }
    }

    /// Notes that the writer is done with so many bytes, keeps the emptied batch that carried them, and takes the drops
    /// if there is room again.
    func finish(byteCount: Int, spare batch: RecordBatch? = nil) -> Drops? {
        shared.withLock { shared in
            shared.outstanding -= byteCount
            outstanding.store(shared.outstanding, ordering: .relaxed)
            if let batch, shared.spares.count < Self.mostSpares { shared.spares.append(batch) }
            guard shared.outstanding <= limit else { return nil }
            defer { shared.drops = nil }
            return shared.drops
        }
    }
}

extension RecordBacklog.Drops {
    /// The record that tells of them.
    func record(time: UInt64) -> DaemonRecord {
        DaemonRecord(
            time: time, .dropped, "\(count) records were dropped because the log was slower than what happened",
            fields: [
                RecordField("count", .integer(count)), RecordField("from", .time(first)),
                RecordField("to", .time(last)),
            ])
    }
}
