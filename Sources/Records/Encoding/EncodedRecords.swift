// SPDX-License-Identifier: Apache-2.0

/// Buffered records in each encoding that is in use.
struct EncodedRecords: Sendable {
    /// The time of a record, and where it ends in each encoding.
    struct Place {
        /// Nanoseconds since 1970.
        var time: UInt64

        // 32 bits are enough: a buffer is submitted once it has ``RecordLimits/batchBytes``.
        fileprivate var terminal: UInt32
        fileprivate var text: UInt32
        fileprivate var json: UInt32
        fileprivate var journal: UInt32

        /// Where the record ends in the bytes of an encoding.
        func end(in encoding: RecordEncoding) -> Int {
            switch encoding {
            case .terminal: Int(terminal)
            case .text: Int(text)
            case .json: Int(json)
            case .journal: Int(journal)
            case .feed: Int(json)
            }
        }
    }

    /// The place of each record.
    private(set) var places: [Place] = []

    /// How many records there are.
    var count: Int { places.count }

    private var terminal: [UInt8] = []
    private var text: [UInt8] = []
    /// Lines of JSON, or frames for subscribers: what is buffered for these is never in another encoding.
    private var json: [UInt8] = []
    private var journal: [UInt8] = []

    /// The bytes of all encodings together.
    var byteCount: Int { terminal.count + text.count + json.count + journal.count }

    /// The records in one encoding.
    subscript(encoding: RecordEncoding) -> [UInt8] {
        switch encoding {
        case .terminal: terminal
        case .text: text
        case .json: json
        case .journal: journal
        case .feed: json
        }
    }

    mutating func append(
        _ record: borrowing ConnectionRecord, in encodings: RecordEncodings, by encoders: inout RecordEncoders
    ) {
        if encodings.contains(.init(.terminal)) { encoders.terminal.encode(record, to: &terminal) }
        if encodings.contains(.init(.text)) { encoders.text.encode(record, to: &text) }
        if encodings.contains(.init(.json)) { encoders.json.encode(record, to: &json) }
        if encodings.contains(.init(.journal)) { encoders.journal.encode(record, to: &journal) }
        if encodings.contains(.init(.feed)) { encoders.feed.encode(record, to: &json) }
        note(record.time)
    }

    mutating func append(_ record: DaemonRecord, in encodings: RecordEncodings, by encoders: inout RecordEncoders) {
        if encodings.contains(.init(.terminal)) { encoders.terminal.encode(record, to: &terminal) }
        if encodings.contains(.init(.text)) { encoders.text.encode(record, to: &text) }
        if encodings.contains(.init(.json)) { encoders.json.encode(record, to: &json) }
        if encodings.contains(.init(.journal)) { encoders.journal.encode(record, to: &journal) }
        if encodings.contains(.init(.feed)) { encoders.feed.encode(record, to: &json) }
        note(record.time)
    }

    private mutating func note(_ time: UInt64) {
        places.append(
            Place(
                time: time, terminal: UInt32(truncatingIfNeeded: terminal.count),
                text: UInt32(truncatingIfNeeded: text.count), json: UInt32(truncatingIfNeeded: json.count),
                journal: UInt32(truncatingIfNeeded: journal.count)))
    }

    /// How much one record may exceed a batch, as a rule.
    private static let mostExcess = 4 << 10

    /// Makes room for a batch of so many bytes in all, so that the arrays need not double. What is not written to takes no memory.
    mutating func reserve(_ count: Int, in encodings: RecordEncodings) {
        let count = count + Self.mostExcess
        if encodings.contains(.init(.terminal)), terminal.capacity < count { terminal.reserveCapacity(count) }
        if encodings.contains(.init(.text)), text.capacity < count { text.reserveCapacity(count) }
        if !encodings.isDisjoint(with: [.init(.json), .init(.feed)]), json.capacity < count {
            json.reserveCapacity(count)
        }
        if encodings.contains(.init(.journal)), journal.capacity < count { journal.reserveCapacity(count) }
    }

    /// Removes the records and keeps the memory.
    mutating func removeAll() {
        places.removeAll(keepingCapacity: true)
        terminal.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        json.removeAll(keepingCapacity: true)
        journal.removeAll(keepingCapacity: true)
    }
}

/// One encoder for each encoding; they keep their buffers from record to record.
struct RecordEncoders {
    var terminal: TextEncoder
    var text = TextEncoder(.plain)
    var json = JSONLineEncoder()
    var journal = JournalEncoder()
    var feed = FeedEncoder()

    init(zone: RecordClock.Zone = .local, colour: Bool) {
        terminal = TextEncoder(.terminal(zone, colour: colour))
    }
}
