// SPDX-License-Identifier: Apache-2.0

import Dispatch
import LinuxSystem
import Synchronization

/// The state that a ``LogChannel`` and its thread share.
///
/// Concurrency: a lock protects the inbox; it is taken once for each batch, each record of the daemon and each dropped record.
/// The sink and its writer belong to the thread.
final class LogChannelCore: Sendable {
    let sink: any RecordSink

    /// The bytes that are queued or being written.
    let outstanding = Atomic(0)

    private let inbox = Mutex(Inbox())
    private let work = DispatchSemaphore(value: 0)
    let announcer = Announcer()

    private struct Inbox {
        var items: [LogChannel.Item] = []
        /// The bytes of the items.
        var held = 0
        /// The bytes that are queued or being written.
        var outstanding = 0
        /// The records that are queued or being written.
        var records = 0
        /// Until when the items may wait for those of other lanes; 0 for not at all. Nanoseconds of the monotonic clock.
        var holdUntil: UInt64 = 0
        var drops: RecordDrops?
        /// Since when the thread has been processing items; 0 while it waits.
        var busySince: UInt64 = 0
        /// Whether it was reported that the destination is stuck.
        var isStuckReported = false
        var isRetired = false
        var hasEnded = false

        /// Whether the items wait for those of other lanes.
        var isWaitingForMore: Bool { !items.isEmpty && holdUntil != 0 }
    }

    /// How long items wait for those of other lanes after the common flush time, in nanoseconds.
    private static let settleTime: UInt64 = 5_000_000

    /// The number of bytes from which on the items do not wait.
    private static let mostHeld = 64 << 10

    /// How long a failing sink is left alone, and how long a write may block before it counts as stuck, in nanoseconds.
    static let pause: UInt64 = 1_000_000_000

    init(_ sink: any RecordSink) {
        self.sink = sink
    }

    // MARK: - Adding records

    /// Queues an item.
    ///
    /// - Returns: false if the queue is full, or the thread has ended.
    @discardableResult
    func post(_ item: LogChannel.Item, byteCount: Int = 0, count: Int = 0, limit: Int = .max) -> Bool {
        let hasRoom: Bool = inbox.withLock { inbox in
            guard inbox.outstanding <= limit, !inbox.hasEnded else { return false }
            let wasWaiting = inbox.isWaitingForMore
            inbox.items.append(item)
            inbox.held += byteCount
            inbox.outstanding += byteCount
            inbox.records += count
            outstanding.store(inbox.outstanding, ordering: .relaxed)
            switch item {
            case .reopen, .barrier: inbox.holdUntil = 0
            case .batch, .record, .sinkRecord:
                if inbox.items.count == 1 { inbox.holdUntil = Self.nextHold(after: Clock.monotonic) }
                if inbox.held >= Self.mostHeld { inbox.holdUntil = 0 }
            }
            // Otherwise the thread is awake or was signalled already.
            if inbox.items.count == 1 || (wasWaiting && !inbox.isWaitingForMore) { work.signal() }
            return true
        }
        return hasRoom
    }

    /// When the items of all lanes have arrived: lanes flush at multiples of their delay on the monotonic clock.
    private static func nextHold(after now: UInt64) -> UInt64 {
        RecordLimits.standard.nextFlush(after: now) &+ settleTime
    }

    /// Counts dropped records. Reports once that the destination is stuck, if its write has blocked for ``pause``.
    func drop(_ count: Int, from start: UInt64, to end: UInt64) {
        let isStuck = inbox.withLock { inbox in
            inbox.drops = inbox.drops ?? RecordDrops()
            inbox.drops?.add(count, from: start, to: end)
            // The thread may have just begun to wait; wake it, so that it reports the drops.
            if inbox.busySince == 0 { work.signal() }
            guard inbox.busySince != 0, !inbox.isStuckReported,
                Clock.span(from: inbox.busySince, to: Clock.monotonic) > Self.pause
            else { return false }
            inbox.isStuckReported = true
            return true
        }
        guard isStuck else { return }
        announcer.announce(.logStuck(sink.destination.title), about: self)
    }

    /// Ends the thread after the queue is written. Called when the channel is released.
    func retire() {
        inbox.withLock { inbox in
            inbox.isRetired = true
            inbox.holdUntil = 0
        }
        sink.abandon()
        work.signal()
    }

    /// How many records are queued, and how many were dropped and not reported yet.
    var backlog: (waiting: Int, dropped: UInt64) { inbox.withLock { ($0.records, $0.drops?.count ?? 0) } }

    // MARK: - The thread

    /// Writes items until the channel is retired and its queue is empty.
    func run(_ encoders: RecordEncoders) {
        var writer = SinkWriter(
            sink, encoders: encoders, clock: { Clock.realtime },
            announce: { [announcer, self] in
                // Of a retired channel, only the total loss is reported, when it ends.
                if $0.event == .logFailed, isRetired { return }
                announcer.announce($0, about: self)
            },
            tellSubscribers: { [announcer] in announcer.tellSubscribers($0) },
            reportOnStandardError: { [announcer] in announcer.say($0) })
        while let items = next(isFailing: writer.isFailing) {
            if items.isEmpty { writer.retry() }
            write(items, &writer)
        }
        reportLoss(writer.lostWhileFailing ?? 0)
    }

    private var isRetired: Bool { inbox.withLock { $0.isRetired } }

    /// Reports to the other destinations how many records a removed one has lost.
    private func reportLoss(_ lost: UInt64) {
        guard lost > 0 else { return }
        announcer.announce(.recordsAbandoned(lost, for: sink.destination.title), about: self)
    }

    /// Waits for items, or for the time to retry.
    ///
    /// - Returns: the items; an empty array to report drops or to retry a failing sink; nil at the end.
    private func next(isFailing: Bool) -> [LogChannel.Item]? {
        let retry = isFailing ? Clock.monotonic &+ Self.pause : .max
        inbox.withLock { $0.busySince = 0 }
        while true {
            let now = Clock.monotonic
            let (items, wake): ([LogChannel.Item]?, UInt64) = inbox.withLock { inbox in
                if !inbox.items.isEmpty, inbox.holdUntil <= now {
                    let items = inbox.items
                    inbox.items = []
                    inbox.held = 0
                    inbox.busySince = now
                    return (items, 0)
                }
                if inbox.items.isEmpty, inbox.drops != nil {
                    inbox.busySince = now
                    return ([], 0)
                }
                if inbox.items.isEmpty, inbox.isRetired {
                    inbox.hasEnded = true
                    return (nil, 0)
                }
                return (nil, inbox.items.isEmpty ? retry : min(retry, inbox.holdUntil))
            }
            if wake == 0 { return items }
            if wake <= now {
                inbox.withLock { $0.busySince = now }
                return []
            }
            if wake == .max {
                work.wait()
            } else {
                _ = work.wait(timeout: .now() + .nanoseconds(Int(clamping: wake - now)))
            }
        }
    }

    private func write(_ items: [LogChannel.Item], _ writer: inout SinkWriter) {
        var merge = RecordMerge()
        var done = Done()
        for item in items {
            switch item {
            case .batch(let batch, let pool, let byteCount):
                merge.add(batch.content, of: ObjectIdentifier(pool))
                done.batches.append((batch, pool))
                done.byteCount += byteCount
            case .record(let record):
                merge.add(writer.encoded(record), of: ObjectIdentifier(self))
                done.byteCount += LogChannel.Item.byteCount(of: record)
            case .sinkRecord(let record):
                write(&merge, &done, &writer)
                writer.write(sinkRecord: record)
                done.byteCount += LogChannel.Item.byteCount(of: record)
                done.records += 1
            case .reopen:
                write(&merge, &done, &writer)
                writer.reopen()
            case .barrier(let barrier):
                write(&merge, &done, &writer)
                writer.retry()
                barrier.pass(lost: writer.lostWhileFailing)
            }
        }
        write(&merge, &done, &writer)
    }

    /// Items that were written and still count as queued.
    private struct Done {
        var batches: [(RecordBatch, BatchPool)] = []
        var byteCount = 0
        var records = 0
    }

    /// Writes the merged records, and releases their batches.
    private func write(_ merge: inout RecordMerge, _ done: inout Done, _ writer: inout SinkWriter) {
        let count = merge.count
        if count > 0 { writer.write(merge.bytes(in: sink.encoding), count: count) }
        // `finish` empties the batches; they keep their memory only if it is not shared any more.
        merge = RecordMerge()
        for (batch, pool) in done.batches where batch.finish() { pool.release(batch) }
        let (byteCount, records) = (done.byteCount, done.records + count)
        inbox.withLock { inbox in
            inbox.outstanding -= byteCount
            inbox.records -= records
            outstanding.store(inbox.outstanding, ordering: .relaxed)
        }
        done = Done()
        reportDrops(&writer)
    }

    private func reportDrops(_ writer: inout SinkWriter) {
        let drops = inbox.withLock { inbox in
            inbox.isStuckReported = false
            defer { inbox.drops = nil }
            return inbox.drops
        }
        guard let drops, !sink.noteDropped(drops.count) else { return }
        let record = drops.record(time: Clock.realtime, destination: sink.destination)
        writer.write(record)
        announcer.announce(record, about: self)
    }
}

extension LogChannelCore {
    /// Queues a barrier, which is passed when everything that was submitted until now is written.
    func flush() -> FlushBarrier {
        let barrier = FlushBarrier()
        if !post(.barrier(barrier)) { barrier.pass(lost: nil) }
        return barrier
    }
}
