// SPDX-License-Identifier: Apache-2.0

/// A record as the subscribers' channel has it: what they filter by, the line of JSON and the line of text.
struct FeedFrame {
    /// The bytes before the name: level, event, and the lengths of the name, the line of JSON and the line of text.
    fileprivate static let headBytes = 12

    let level: RecordLevel
    let event: EventKind
    /// The listener's name, escaped for JSON; empty for none.
    let listener: ArraySlice<UInt8>
    /// The line without its line feed.
    let json: ArraySlice<UInt8>
    let text: ArraySlice<UInt8>

    /// A listener's name as a frame has it.
    static func name(_ name: String) -> [UInt8] { Array(Escaping.json.apply(to: Array(name.utf8)).prefix(longestName)) }

    fileprivate static let longestName = Int(UInt16.max)
}

/// Encodes a record as a ``FeedFrame``.
struct FeedEncoder {
    private var json = JSONLineEncoder()
    private var text = TextEncoder(.plain)

    /// Whether text has exact numbers.
    var isExact: Bool {
        get { text.isExact }
        set { text.isExact = newValue }
    }

    /// Appends the frame of a connection's record.
    mutating func encode(_ record: borrowing ConnectionRecord, to bytes: inout [UInt8]) {
        let start = Self.begin(record.level, record.eventKind, record.listener, &bytes)
        json.encode(record, to: &bytes)
        let middle = bytes.count
        text.encode(record, to: &bytes)
        Self.end(start, middle, &bytes)
    }

    /// Appends the frame of a record of the daemon.
    mutating func encode(_ record: DaemonRecord, to bytes: inout [UInt8]) {
        let start = Self.begin(record.level, record.event, record.listener, &bytes)
        json.encode(record, to: &bytes)
        let middle = bytes.count
        text.encode(record, to: &bytes)
        Self.end(start, middle, &bytes)
    }

    /// Where a frame and its first line begin.
    private typealias Start = (frame: Int, line: Int)

    private static func begin(
        _ level: RecordLevel, _ event: EventKind, _ listener: ListenerLabel?, _ bytes: inout [UInt8]
    ) -> Start {
        let frame = bytes.count
        let name = listener?.json.prefix(FeedFrame.longestName) ?? []
        bytes.append(level.rawValue)
        bytes.append(event.rawValue)
        append(name.count, 2, &bytes)
        // The lengths of the lines are not known yet.
        append(0, 8, &bytes)
        bytes += name
        return (frame, bytes.count)
    }

    private static func end(_ start: Start, _ middle: Int, _ bytes: inout [UInt8]) {
        var lengths: [UInt8] = []
        append(middle - start.line, 4, &lengths)
        append(bytes.count - middle, 4, &lengths)
        let place = start.frame + 4
        bytes.replaceSubrange(place..<place + lengths.count, with: lengths)
    }

    /// Appends the lowest bytes of a number, the lowest first.
    private static func append(_ number: Int, _ count: Int, _ bytes: inout [UInt8]) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
    }
}

/// The frames of a batch.
struct FeedFrames: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    mutating func next() -> FeedFrame? {
        guard rest.count >= FeedFrame.headBytes else { return nil }
        var head = Array(rest.prefix(FeedFrame.headBytes))[...]
        rest = rest.dropFirst(FeedFrame.headBytes)
        guard let level = head.popFirst().flatMap(RecordLevel.init(rawValue:)),
            let event = head.popFirst().flatMap(EventKind.init(rawValue:))
        else { return nil }
        let name = Self.number(2, &head)
        let (json, text) = (Self.number(4, &head), Self.number(4, &head))
        return FeedFrame(
            level: level, event: event, listener: take(name), json: take(json).dropLast(), text: take(text).dropLast())
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private static func number(_ count: Int, _ bytes: inout ArraySlice<UInt8>) -> Int {
        defer { bytes = bytes.dropFirst(count) }
        return bytes.prefix(count).reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
