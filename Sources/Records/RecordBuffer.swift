// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Buffers the encoded records of one lane for the destinations of the log.
///
/// Records are buffered until there are 32 KiB of them or the clock passes the next tenth of a second: all lanes submit at the
/// same times, so that a destination can sort their records. The buffer has no timer: its lane includes ``deadline`` in its epoll
/// timeout, and calls ``flushIfDue(now:)``. An empty buffer has no deadline, so an idle lane sleeps.
///
/// Records that a destination is too slow for are dropped instead of blocking the lane, and counted there.
///
/// Concurrency: belongs to the queue that made it. What it shares with the destinations is protected by locks that are taken once
/// a batch.
public final class RecordBuffer {
    /// When the buffer has to be flushed: nanoseconds of the monotonic clock; nil while it is empty.
    public private(set) var deadline: UInt64?

    /// Where the records go.
    public let writer: RecordWriter

    private let pool = BatchPool()
    private let limits: RecordLimits
    private let isPrivate: Bool
    private var policy: RecordPolicy
    private var channels: [LogChannel]
    private var pending: PendingRecords
    /// Set while there are subscribers.
    private var feed: FeedBuffer?

    init(writer: RecordWriter, limits: RecordLimits, isPrivate: Bool) {
        self.writer = writer
        self.limits = limits
        self.isPrivate = isPrivate
        let now = writer.inForce
        (policy, channels) = (now.policy, now.channels)
        pending = PendingRecords(encoders: writer.makeEncoders())
        pending.setExact(policy.isExact)
        feed = now.feed.map { FeedBuffer($0.channel, isExact: now.policy.isExact) }
    }

    /// Whether a record of this level would be written; ask before making a costly one.
    public func isEnabled(_ level: RecordLevel) -> Bool { writer.policy.admits(level) }

    /// Whether records that their listener does not log are wanted too, since there are subscribers.
    public var showsUnlogged: Bool { !isPrivate && writer.policy.isFollowed }

    /// Whether the ends of connections are wanted that their listener does not log.
    public var showsUnloggedEnds: Bool { !isPrivate && (writer.history.isOn || writer.policy.isFollowed) }

    /// Adds a connection's record.
    ///
    /// - Parameters:
    ///   - now: in nanoseconds of the monotonic clock.
    ///   - isLogged: whether it goes to the destinations of the log, and not only to subscribers and to the history.
    public func append(_ record: consuming ConnectionRecord, now: UInt64, isLogged: Bool = true) {
        if !writer.isInForce(policy) { follow() }
        if isLogged, admit(record.level, time: record.time) {
            added(byteCount: pending.append(record, in: policy.encodings), now: now)
        }
        if let feed, feed.admit(time: record.time, limit: limits.outstandingBytes) {
            added(byteCount: feed.pending.append(record, in: FeedBuffer.encodings), now: now)
        }
        if !isPrivate { writer.history.append(record) }
    }

    /// Adds a record of the daemon. `now` is in nanoseconds of the monotonic clock.
    public func append(_ record: DaemonRecord, now: UInt64) {
        if !writer.isInForce(policy) { follow() }
        if admit(record.decidingLevel, time: record.time) {
            added(byteCount: pending.append(record, in: policy.encodings), now: now)
        }
        if let feed, feed.admit(time: record.time, limit: limits.outstandingBytes) {
            added(byteCount: feed.pending.append(record, in: FeedBuffer.encodings), now: now)
        }
    }

    /// Submits the buffered records if the deadline has passed. `now` is in nanoseconds of the monotonic clock.
    public func flushIfDue(now: UInt64) {
        if let deadline, now >= deadline { flush() }
    }

    /// Submits the buffered records to the destinations. Call it before the lane ends.
    public func flush() {
        deadline = nil
        Self.submit(&pending.records, to: channels, pool, limits)
        if let feed { Self.submit(&feed.pending.records, to: [feed.channel], feed.pool, limits) }
    }

    private static func submit(
        _ records: inout EncodedRecords, to channels: [LogChannel], _ pool: BatchPool, _ limits: RecordLimits
    ) {
        guard records.count > 0 else { return }
        let batch = pool.take()
        batch.fill(with: &records, readers: channels.count)
        let records = batch.content
        for channel in channels {
            channel.submit(batch, of: records, pool: pool, limit: limits.outstandingBytes)
        }
    }

    /// After a reload: submits the buffered records to the old destinations, and releases them.
    public func followSettings() {
        if !writer.isInForce(policy) { follow() }
    }

    private func follow() {
        // The buffered records are encoded for the destinations of the old settings.
        flush()
        let now = writer.inForce
        (policy, channels) = (now.policy, now.channels)
        pending.setExact(policy.isExact)
        if feed?.channel !== now.feed?.channel {
            feed = now.feed.map { FeedBuffer($0.channel, isExact: now.policy.isExact) }
        }
    }

    /// Whether a record is to be encoded for the log. Counts it as dropped if every destination is full.
    private func admit(_ level: RecordLevel, time: UInt64) -> Bool {
        guard policy.admits(level) else { return false }
        for index in channels.indices where !channels[index].isFull(limits.outstandingBytes) { return true }
        for channel in channels { channel.drop(at: time) }
        return false
    }

    private func added(byteCount: Int, now: UInt64) {
        if byteCount >= limits.batchBytes {
            flush()
        } else if deadline == nil {
            deadline = limits.nextFlush(after: now)
            if pending.records.count > 0 { pending.records.reserve(limits.batchBytes, in: policy.encodings) }
        }
    }
}

/// What a lane has buffered for the subscribers.
private final class FeedBuffer {
    static let encodings = RecordEncodings(.feed)

    let channel: LogChannel
    let pool = BatchPool()
    var pending = PendingRecords(encoders: RecordEncoders(colour: false))

    init(_ channel: LogChannel, isExact: Bool) {
        self.channel = channel
        pending.setExact(isExact)
    }

    /// Whether a record is to be encoded. Counts it as dropped if the channel is full.
    func admit(time: UInt64, limit: Int) -> Bool {
        guard channel.isFull(limit) else { return true }
        channel.drop(at: time)
        return false
    }
}

/// Buffered records and their encoders: one value, so that adding a record needs one exclusive access.
private struct PendingRecords {
    var records = EncodedRecords()
    var encoders: RecordEncoders

    init(encoders: RecordEncoders) {
        self.encoders = encoders
    }

    /// Sets whether text lines have exact numbers.
    mutating func setExact(_ isExact: Bool) {
        encoders.terminal.isExact = isExact
        encoders.text.isExact = isExact
        encoders.feed.isExact = isExact
    }

    /// Encodes a record.
    ///
    /// - Returns: the bytes that are buffered now.
    mutating func append(_ record: borrowing ConnectionRecord, in encodings: RecordEncodings) -> Int {
        records.append(record, in: encodings, by: &encoders)
        return records.byteCount
    }

    /// Encodes a record.
    ///
    /// - Returns: the bytes that are buffered now.
    mutating func append(_ record: DaemonRecord, in encodings: RecordEncodings) -> Int {
        records.append(record, in: encodings, by: &encoders)
        return records.byteCount
    }
}
