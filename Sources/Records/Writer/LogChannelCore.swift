// SPDX-License-Identifier: Apache-2.0

import Dispatch
import LinuxSystem
import Synchronization

/// What a ``LogChannel`` and its thread share.
///
/// Concurrency: a lock guards the inbox, taken once a batch, for each record of the daemon and for each one that is
/// dropped. The sink and its writer belong to the thread.
final class LogChannelCore: Sendable {
    let sink: any RecordSink

    /// The bytes that wait or are being written.
    let outstanding = Atomic(0)

    private let inbox = Mutex(Inbox())
    private let work = DispatchSemaphore(value: 0)
    let announcer = Announcer()

    private struct Inbox {
        var items: [LogChannel.Item] = []
        /// The bytes of the items.
        var held = 0
        /// The bytes that wait or are being written.
        var outstanding = 0
        /// The records among them.
        var records = 0
        /// Until when the items may wait for those of other lanes; 0 for not at all.
        var holdUntil: UInt64 = 0
        var drops: RecordDrops?
        /// Since when the thread is busy with what it has taken; 0 if it waits for more.
        var busySince: UInt64 = 0
        /// Whether it was said that it is stuck.
        var isStuckTold = false
        var isRetired = false
        var isOver = false

        /// Whether what is here waits for what other lanes have.
        var isWaitingForMore: Bool { !items.isEmpty && holdUntil != 0 }
    }

    /// Items wait at most so long, in nanoseconds, for those of other lanes, which hand theirs over at the same times.
    private static let settleTime: UInt64 = 5_000_000

    /// So many bytes do not wait for more.
    private static let mostHeld = 256 << 10

    /// A sink that fails is left alone so long, in nanoseconds; one that takes nothing for so long is said to be stuck.
    static let pause: UInt64 = 1_000_000_000

    init(_ sink: any RecordSink) {
        self.sink = sink
    }

    // MARK: - Adding records

    /// Adds an item to what waits.
    ///
    /// - Returns: false if there is no room, or the thread has ended.
    @discardableResult
    func post(_ item: LogChannel.Item, byteCount: Int = 0, count: Int = 0, limit: Int = .max) -> Bool {
        let isRoom: Bool = inbox.withLock { inbox in
            guard inbox.outstanding <= limit, !inbox.isOver else { return false }
            let wasWaiting = inbox.isWaitingForMore
            inbox.items.append(item)
            inbox.held += byteCount
            inbox.outstanding += byteCount
            inbox.records += count
            outstanding.store(inbox.outstanding, ordering: .relaxed)
            switch item {
            case .reopen, .barrier: inbox.holdUntil = 0
            case .batch, .record, .news:
                if inbox.items.count == 1 { inbox.holdUntil = Self.nextHold(after: Clock.monotonic) }
                if inbox.held >= Self.mostHeld { inbox.holdUntil = 0 }
            }
            // It is awake, or was woken, unless this is the first, or ends the waiting for others.
            if inbox.items.count == 1 || (wasWaiting && !inbox.isWaitingForMore) { work.signal() }
            return true
        }
        return isRoom
    }

    /// Lanes hand their records over when the monotonic clock passes a multiple of their delay; a moment later all are
    /// here.
    private static func nextHold(after now: UInt64) -> UInt64 {
        RecordLimits.standard.nextFlush(after: now) &+ settleTime
    }

    /// Counts records that were dropped.
    func drop(_ count: Int, from start: UInt64, to end: UInt64) {
        let isStuck = inbox.withLock { inbox in
            inbox.drops = inbox.drops ?? RecordDrops()
            inbox.drops?.add(count, from: start, to: end)
            // The thread may have come to its end of work a moment ago: then nothing else would tell of them.
            if inbox.busySince == 0 { work.signal() }
            guard inbox.busySince != 0, !inbox.isStuckTold,
                Clock.span(from: inbox.busySince, to: Clock.monotonic) > Self.pause
            else { return false }
            inbox.isStuckTold = true
            return true
        }
        guard isStuck else { return }
        announcer.announce(.logStuck(sink.destination.title), about: self)
    }

    /// Nobody has anything more for it: ends the thread when what waits is written.
    func retire() {
        inbox.withLock { inbox in
            inbox.isRetired = true
            inbox.holdUntil = 0
        }
        sink.abandon()
        work.signal()
    }

    /// How many records are not written yet, and how many were dropped and not told of.
    var backlog: (waiting: Int, dropped: UInt64) { inbox.withLock { ($0.records, $0.drops?.count ?? 0) } }

    // MARK: - The thread

    /// Writes what comes until the channel is retired.
    func run(_ encoders: RecordEncoders) {
        var writer = SinkWriter(
            sink, encoders: encoders, clock: { Clock.realtime },
            announce: { [announcer, self] in
                // That writes of a channel out of use were given up is told at its end.
                if $0.event == .logFailed, isRetired { return }
                announcer.announce($0, about: self)
            },
            lastResort: { [announcer] in announcer.say($0) })
        while let items = next(isFailing: writer.isFailing) {
            if items.isEmpty { writer.retry() }
            write(items, &writer)
        }
        tellLoss(writer.lostWhileFailing ?? 0)
    }

    private var isRetired: Bool { inbox.withLock { $0.isRetired } }

    /// Tells the other destinations what this one, which is not in use any more, has not got.
    private func tellLoss(_ lost: UInt64) {
        guard lost > 0 else { return }
        announcer.announce(.recordsAbandoned(lost, for: sink.destination.title), about: self)
    }

    /// Waits for something to do.
    ///
    /// - Returns: what to write, nothing if it is time to try a sink that fails again; nil at the end.
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
                    inbox.isOver = true
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
            case .news(let record):
                write(&merge, &done, &writer)
                writer.write(news: record)
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

    /// What was written and is still counted as waiting.
    private struct Done {
        var batches: [(RecordBatch, BatchPool)] = []
        var byteCount = 0
        var records = 0
    }

    /// Writes what was merged so far, and lets go of it.
    private func write(_ merge: inout RecordMerge, _ done: inout Done, _ writer: inout SinkWriter) {
        let count = merge.count
        if count > 0 { writer.write(merge.bytes(in: sink.encoding), count: count) }
        // The batches are emptied below, and keep their memory only if nobody else holds it.
        merge = RecordMerge()
        for (batch, pool) in done.batches where batch.finish() { pool.giveBack(batch) }
        let (byteCount, records) = (done.byteCount, done.records + count)
        inbox.withLock { inbox in
            inbox.outstanding -= byteCount
            inbox.records -= records
            outstanding.store(inbox.outstanding, ordering: .relaxed)
        }
        done = Done()
        tellDrops(&writer)
    }

    private func tellDrops(_ writer: inout SinkWriter) {
        let drops = inbox.withLock { inbox in
            inbox.isStuckTold = false
            defer { inbox.drops = nil }
            return inbox.drops
        }
        guard let drops else { return }
        let record = drops.record(time: Clock.realtime, destination: sink.destination)
        writer.write(record)
        announcer.announce(record, about: self)
    }
}

extension LogChannelCore {
    /// Has a barrier passed when everything that was handed over until now is written.
    func flush() -> FlushBarrier {
        let barrier = FlushBarrier()
        if !post(.barrier(barrier)) { barrier.pass(lost: nil) }
        return barrier
    }
}
