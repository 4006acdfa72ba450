// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The records of one lane, encoded and on their way to the ``RecordWriter``.
///
/// Records are held back until there are 64 KiB of them or the first is 100 ms old. The buffer has no timer: its lane
/// folds ``deadline`` into the time that it waits for events, and calls ``flushIfDue(now:)``. An empty buffer has no
/// deadline, so an idle lane sleeps.
///
/// When the writer is behind, records are dropped instead of holding the lane up; the writer tells of them in a
/// `dropped` record as soon as there is room.
///
/// Concurrency: belongs to the queue that made it. What it shares with the writer is behind a lock taken once a batch.
public final class RecordBuffer {
    /// When the buffer has to be flushed: nanoseconds of the monotonic clock; nil while it is empty.
    public private(set) var deadline: UInt64?

    private let writer: RecordWriter
    private let backlog: RecordBacklog
    private let limits: RecordLimits
    private var policy: RecordPolicy
    private var pending: PendingRecords

    init(writer: RecordWriter, limits: RecordLimits) {
        self.writer = writer
        self.limits = limits
        backlog = RecordBacklog(limit: limits.outstandingBytes)
        policy = writer.policy
        pending = PendingRecords(encoders: writer.makeEncoders())
        pending.setExact(policy.isExact)
    }

    /// Whether a record of this level would be written: to be asked before a costly one is made.
    public func isEnabled(_ level: RecordLevel) -> Bool { writer.policy.admits(level) }

    /// Adds a connection's record. `now` is in nanoseconds of the monotonic clock.
    public func append(_ record: borrowing ConnectionRecord, now: UInt64) {
        guard admit(record.level, time: record.time) else { return }
        added(byteCount: pending.append(record, in: policy.encodings), now: now)
    }

    /// Adds a record of the daemon. `now` is in nanoseconds of the monotonic clock.
    public func append(_ record: DaemonRecord, now: UInt64) {
        guard admit(record.level, time: record.time) else { return }
        added(byteCount: pending.append(record, in: policy.encodings), now: now)
    }

    /// Hands what there is to the writer if its time has come. `now` is in nanoseconds of the monotonic clock.
    public func flushIfDue(now: UInt64) {
        if let deadline, now >= deadline { flush() }
    }

    /// Hands what there is to the writer. To be called before the lane ends.
    public func flush() {
        deadline = nil
        let (count, byteCount) = (pending.records.count, pending.records.byteCount)
        guard count > 0 else { return }
        let batch = backlog.submit(byteCount: byteCount) ?? RecordBatch()
        batch.content.withLock { content in
            content.generation = policy.generation
            swap(&content.records, &pending.records)
        }
        writer.submit(batch, of: backlog, byteCount: byteCount, count: count)
    }

    /// Decides whether a record is encoded, and under which settings.
    private func admit(_ level: RecordLevel, time: UInt64) -> Bool {
        let current = writer.policy
        if current != policy {
            // What is here was encoded for the sinks of the old settings.
            flush()
            policy = current
            pending.setExact(policy.isExact)
        }
        guard policy.admits(level) else { return false }
        guard backlog.isFull, backlog.drop(at: time) else { return true }
        writer.noteDrop()
        return false
    }

    private func added(byteCount: Int, now: UInt64) {
        if byteCount >= limits.batchBytes {
            flush()
        } else if deadline == nil {
            deadline = now &+ limits.batchDelay
        }
    }
}

/// Records on the way, with what encodes them: one value, so that a record takes one access to it.
private struct PendingRecords {
    var records = EncodedRecords()
    var encoders: RecordEncoders

    init(encoders: RecordEncoders) {
        self.encoders = encoders
    }

    /// Sets whether lines of text have exact numbers.
    mutating func setExact(_ isExact: Bool) {
        encoders.terminal.isExact = isExact
        encoders.text.isExact = isExact
    }

    /// Encodes a record, and returns how many bytes there are now.
    mutating func append(_ record: borrowing ConnectionRecord, in encodings: RecordEncodings) -> Int {
        records.append(record, in: encodings, by: &encoders)
        return records.byteCount
    }

    /// Encodes a record, and returns how many bytes there are now.
    mutating func append(_ record: DaemonRecord, in encodings: RecordEncodings) -> Int {
        records.append(record, in: encodings, by: &encoders)
        return records.byteCount
    }
}
