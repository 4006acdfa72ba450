// SPDX-License-Identifier: Apache-2.0

import Dispatch
import LinuxSystem
import Synchronization

/// One destination of the log: what waits for it, and the thread that writes it.
///
/// A destination that is slow or stuck holds up its own thread and nothing else: what cannot wait any more is dropped,
/// counted, and told of by a `dropped` record once there is room again.
///
/// The thread ends when the last reference is gone and what waited is written.
///
/// Concurrency: may be used from any thread; nothing here waits.
final class LogChannel: Sendable {
    /// What waits for a destination.
    enum Item: Sendable {
        /// Records of a lane, and where to give the batch back.
        case batch(RecordBatch, pool: BatchPool, byteCount: Int)
        /// A record of the daemon.
        case record(DaemonRecord)
        /// A record of another destination of the log about itself.
        case news(DaemonRecord)
        /// The operator has moved the file.
        case reopen
        /// Everything before it is written by then.
        case barrier(FlushBarrier)

        /// What a record of the daemon counts for while it waits: near enough to the text and the names of the fields.
        static func byteCount(of record: DaemonRecord) -> Int { record.message.utf8.count + 512 }
    }

    /// The destination.
    var destination: RecordDestination { core.sink.destination }

    /// The encoding that it takes.
    var encoding: RecordEncoding { core.sink.encoding }

    let core: LogChannelCore

    /// Starts the thread.
    ///
    /// - Throws: what the kernel says if there can be no thread.
    init(_ sink: any RecordSink, encoders: RecordEncoders) throws(SystemError) {
        let core = LogChannelCore(sink)
        self.core = core
        try OwnThread.start("usherd.log") { core.run(encoders) }
    }

    deinit { core.retire() }

    /// Whether the next record has to be dropped. May say so a moment too long.
    func isFull(_ limit: Int) -> Bool { core.outstanding.load(ordering: .relaxed) > limit }

    /// Counts a record that is not even encoded, since no destination has room for it.
    func drop(at time: UInt64) { core.drop(1, from: time, to: time) }

    /// Hands over a batch; what does not fit is dropped and counted.
    func submit(_ batch: RecordBatch, of records: borrowing EncodedRecords, pool: BatchPool, limit: Int) {
        let byteCount = records[encoding].count
        let isIn = core.post(
            .batch(batch, pool: pool, byteCount: byteCount), byteCount: byteCount, count: records.count, limit: limit)
        guard !isIn else { return }
        core.drop(records.count, from: records.places.first?.time ?? 0, to: records.places.last?.time ?? 0)
        if batch.finish() { pool.giveBack(batch) }
    }

    /// Hands over a record that comes from no lane.
    func submit(_ record: DaemonRecord, isNews: Bool = false) {
        let isIn = core.post(
            isNews ? .news(record) : .record(record), byteCount: Item.byteCount(of: record), count: 1,
            limit: RecordLimits.standard.outstandingBytes)
        if !isIn { core.drop(1, from: record.time, to: record.time) }
    }

    /// Opens the file anew behind what was handed over before.
    func reopen() { core.post(.reopen) }
}

/// The ways on which a destination can tell something about itself that it cannot write. They are known when it is in use.
///
/// Concurrency: may be used from any thread.
final class Announcer: Sendable {
    private struct Ways: Sendable {
        var announce: @Sendable (DaemonRecord, LogChannelCore) -> Void = { _, _ in }
        var say: @Sendable (DaemonRecord) -> Void = { _ in }
    }

    private let ways = Mutex(Ways())

    /// Sets who tells the other destinations, and who says it on standard error where there is no other.
    func use(
        announce: @escaping @Sendable (DaemonRecord, LogChannelCore) -> Void,
        say: @escaping @Sendable (DaemonRecord) -> Void
    ) {
        ways.withLock { $0 = Ways(announce: announce, say: say) }
    }

    /// Tells the other destinations.
    func announce(_ record: DaemonRecord, about core: LogChannelCore) {
        let ways = ways.withLock { $0 }
        ways.announce(record, core)
    }

    /// Says a record on standard error.
    func say(_ record: DaemonRecord) {
        let ways = ways.withLock { $0 }
        ways.say(record)
    }
}

/// Tells when a destination has written everything that was handed over before.
///
/// Concurrency: one thread waits; the thread of the destination passes it, once.
final class FlushBarrier: Sendable {
    private let isPassed = DispatchSemaphore(value: 0)
    private let lost = Mutex<UInt64?>(nil)

    /// Everything before it is written, or lost.
    func pass(lost count: UInt64?) {
        lost.withLock { $0 = count }
        isPassed.signal()
    }

    /// Waits.
    ///
    /// - Returns: whether it was passed by then.
    func wait(until time: DispatchTime) -> Bool { isPassed.wait(timeout: time) == .success }

    /// How many records a failing destination has lost; nil of one that works.
    var lostRecords: UInt64? { lost.withLock { $0 } }
}
