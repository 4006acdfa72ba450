// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The last connections that have ended and the last that were refused, as the values of their records.
///
/// The entries of all lanes have one order, by a counter. Entry `n` is in ring `n % ringCount`, so that lanes seldom meet at a
/// lock. Nothing is encoded until somebody asks, and an entry is moved in, not copied.
///
/// Concurrency: may be used from any thread. A lock is held for the time of one entry's move or encoding.
public final class RecordHistory: Sendable {
    private static let ringCount = 8

    /// How many entries there may be at most: about 26 MB, and 100 MB if upstreams failed each time.
    public static let mostEntries = 100_000

    /// How many entries are kept at most; a ring has room for its part of them, rounded up.
    private let most = Atomic(0)

    /// The number of the next entry.
    private let next = Atomic<UInt64>(0)

    private let rings = (0..<RecordHistory.ringCount).map { _ in HistoryRing() }

    init() {}

    /// Whether entries are kept.
    public var isOn: Bool { capacity > 0 }

    /// How many entries are kept at most.
    public var capacity: Int { most.load(ordering: .relaxed) }

    /// Sets how many of the last entries are kept; 0 keeps none. Fewer forget the oldest.
    public func setCapacity(_ count: Int) {
        let count = min(max(count, 0), Self.mostEntries)
        guard most.exchange(count, ordering: .relaxed) != count else { return }
        let each = (count + Self.ringCount - 1) / Self.ringCount
        for ring in rings { ring.resize(to: each, step: UInt64(Self.ringCount)) }
    }

    /// How many failures of upstreams an entry has at most, so that an outage does not make it large.
    private static let mostFailures = 3

    /// Keeps the record of an end or a refusal.
    func append(_ record: consuming ConnectionRecord) {
        guard isOn, record.isEnd else { return }
        if record.failureCount > Self.mostFailures { record.keepFailures(Self.mostFailures) }
        let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
        rings[Int(truncatingIfNeeded: number % UInt64(Self.ringCount))].store(
            record, number: number, step: UInt64(Self.ringCount))
    }

    /// Reads the entries, the newest first.
    public func makeReader() -> HistoryReader {
        HistoryReader(self, from: next.load(ordering: .relaxed), count: UInt64(capacity))
    }

    /// Encodes an entry, if it matches and is still kept.
    fileprivate func read(
        _ number: UInt64, by encoder: inout JSONLineEncoder, to bytes: inout [UInt8],
        where matches: HistoryReader.Condition
    ) {
        rings[Int(truncatingIfNeeded: number % UInt64(Self.ringCount))].read(
            number, step: UInt64(Self.ringCount), by: &encoder, to: &bytes, where: matches)
    }

    /// The bytes of an entry.
    static var entryBytes: Int { HistoryRing.slotBytes }
}

extension ConnectionRecord {
    /// How many upstreams could not be reached.
    fileprivate var failureCount: Int {
        switch upstream {
        case .some(let trace): trace.failures.count
        case nil: 0
        }
    }

    /// Replaces all failures but the first by their number.
    fileprivate mutating func keepFailures(_ count: Int) {
        guard var trace = upstream.take() else { return }
        trace.failures = trace.failures.prefix(count) + ["and \(trace.failures.count - count) more"]
        upstream = consume trace
    }

    /// Whether the connection has ended, or was refused.
    fileprivate var isEnd: Bool {
        switch event {
        case .close, .refused: true
        case .open, .live, .progress: false
        }
    }
}

/// Reads a ``RecordHistory``, the newest entry first.
///
/// Concurrency: a value for one thread.
public struct HistoryReader: Sendable {
    /// Whether an entry is wanted.
    public typealias Condition = @Sendable (borrowing ConnectionRecord) -> Bool

    private let history: RecordHistory
    /// The entry before which the next one is.
    private var number: UInt64
    private let end: UInt64
    private var encoder = JSONLineEncoder()

    fileprivate init(_ history: RecordHistory, from number: UInt64, count: UInt64) {
        self.history = history
        self.number = number
        end = number - min(number, count)
    }

    /// Whether every entry was read.
    public var isAtEnd: Bool { number == end }

    /// Reads the next entry.
    ///
    /// - Parameters:
    ///   - bytes: gets its JSON object, if it matches.
    ///   - matches: whether it is wanted.
    /// - Returns: whether it was appended.
    public mutating func next(to bytes: inout [UInt8], where matches: Condition) -> Bool {
        guard !isAtEnd else { return false }
        number -= 1
        let start = bytes.count
        history.read(number, by: &encoder, to: &bytes, where: matches)
        guard bytes.count > start else { return false }
        // Without the line feed.
        bytes.removeLast()
        return true
    }
}
