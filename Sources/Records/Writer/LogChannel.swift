// SPDX-License-Identifier: Apache-2.0

import Dispatch
import LinuxSystem
import Synchronization

/// One destination of the log: its queue, and the thread that writes it.
///
/// A slow or stuck destination blocks only its own thread: when the queue is full, records are dropped and counted, and a
/// `dropped` record reports them once there is room again.
///
/// The thread ends when the last reference is released and the queue is written.
///
/// Concurrency: may be used from any thread; no call waits.
final class LogChannel: Sendable {
    /// An entry of the queue.
    enum Item: Sendable {
        /// Records of a lane, and the pool to which the batch returns.
        case batch(RecordBatch, pool: BatchPool, byteCount: Int)
        /// A record of the daemon.
        case record(DaemonRecord)
        /// A record of another destination about itself.
        case sinkRecord(DaemonRecord)
        /// The operator has moved the file: reopen it.
        case reopen
        /// Signals that everything before it was written.
        case barrier(FlushBarrier)

        /// The queue bytes that a record of the daemon counts for: about the text and the names of the fields.
        static func byteCount(of record: DaemonRecord) -> Int { record.message.utf8.count + 512 }
    }

    /// The destination.
    var destination: RecordDestination { core.sink.destination }

    /// The encoding of the destination.
    var encoding: RecordEncoding { core.sink.encoding }

    let core: LogChannelCore

    /// Starts the thread.
    ///
    /// - Throws: the error of pthread_create(3).
    init(_ sink: any RecordSink, encoders: RecordEncoders) throws(SystemError) {
        let core = LogChannelCore(sink)
        self.core = core
        try OwnThread.start("usherd.log") { core.run(encoders) }
    }

    deinit { core.retire() }

    /// Whether the next record has to be dropped. The value may be slightly out of date.
    func isFull(_ limit: Int) -> Bool { core.outstanding.load(ordering: .relaxed) > limit }

    /// Counts a record that is not even encoded, since every destination is full.
    func drop(at time: UInt64) { core.drop(1, from: time, to: time) }

    /// Submits a batch; if the queue is full, its records are dropped and counted.
    func submit(_ batch: RecordBatch, of records: borrowing EncodedRecords, pool: BatchPool, limit: Int) {
        let byteCount = records[encoding].count
        let isQueued = core.post(
            .batch(batch, pool: pool, byteCount: byteCount), byteCount: byteCount, count: records.count, limit: limit)
        guard !isQueued else { return }
        core.drop(records.count, from: records.places.first?.time ?? 0, to: records.places.last?.time ?? 0)
        if batch.finish() { pool.release(batch) }
    }

    /// Submits a record that does not come from a lane.
    func submit(_ record: DaemonRecord, isSinkRecord: Bool = false) {
        let isQueued = core.post(
            isSinkRecord ? .sinkRecord(record) : .record(record), byteCount: Item.byteCount(of: record), count: 1,
            limit: RecordLimits.standard.outstandingBytes)
        if !isQueued { core.drop(1, from: record.time, to: record.time) }
    }

    /// Reopens the file after everything that was submitted before is written.
    func reopen() { core.post(.reopen) }
}

/// How a destination reports what it cannot write itself. Set when the destination is applied.
///
/// Concurrency: may be used from any thread.
final class Announcer: Sendable {
    private struct Handlers: Sendable {
        var announce: @Sendable (DaemonRecord, LogChannelCore) -> Void = { _, _ in }
        var say: @Sendable (DaemonRecord) -> Void = { _ in }
        var tellSubscribers: @Sendable (DaemonRecord) -> Void = { _ in }
    }

    private let handlers = Mutex(Handlers())

    /// Sets the functions that inform the other destinations, write to standard error, and inform subscribers.
    func use(
        announce: @escaping @Sendable (DaemonRecord, LogChannelCore) -> Void,
        say: @escaping @Sendable (DaemonRecord) -> Void,
        tellSubscribers: @escaping @Sendable (DaemonRecord) -> Void
    ) {
        handlers.withLock { $0 = Handlers(announce: announce, say: say, tellSubscribers: tellSubscribers) }
    }

    /// Sends a record to the other destinations.
    func announce(_ record: DaemonRecord, about core: LogChannelCore) {
        let handlers = handlers.withLock { $0 }
        handlers.announce(record, core)
    }

    /// Sends a record to the subscribers.
    func tellSubscribers(_ record: DaemonRecord) {
        let handlers = handlers.withLock { $0 }
        handlers.tellSubscribers(record)
    }

    /// Writes a record to standard error.
    func say(_ record: DaemonRecord) {
        let handlers = handlers.withLock { $0 }
        handlers.say(record)
    }
}

/// Signals that a destination has written everything that was submitted before.
///
/// Concurrency: one thread waits; the thread of the destination passes it, once.
final class FlushBarrier: Sendable {
    private let isPassed = DispatchSemaphore(value: 0)
    private let lost = Mutex<UInt64?>(nil)

    /// Called when everything before it was written, or lost.
    func pass(lost count: UInt64?) {
        lost.withLock { $0 = count }
        isPassed.signal()
    }

    /// Waits for the barrier.
    ///
    /// - Returns: whether it was passed in time.
    func wait(until time: DispatchTime) -> Bool { isPassed.wait(timeout: time) == .success }

    /// How many records a failing destination has lost; nil if it works.
    var lostRecords: UInt64? { lost.withLock { $0 } }
}
