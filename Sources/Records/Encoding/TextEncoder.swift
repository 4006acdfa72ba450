// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// Encodes a record as one line of text for people:
///
///     12:03:04.123  open      echo        #42     tcp://127.0.0.1:51234
///     12:03:05.323  close     echo        #42     tcp://127.0.0.1:51234     1.2 s  in 64 B  out 64 B  client-closed by client
///
/// On a terminal the time is the local time of day, and colours mark the level; elsewhere the line begins with the full date in
/// UTC (RFC 3339). Columns fit most values; a longer value shifts only the rest of its line.
struct TextEncoder {
    /// Where the line is shown.
    enum Style {
        /// A terminal.
        case terminal(RecordClock.Zone, colour: Bool)

        /// A file or a pipe.
        case plain
    }

    /// The width of the listener's column.
    static let listenerColumn = 12

    private enum Column {
        static let event = 10
        static let connection = 8
        static let peer = 26
    }

    private let isTerminal: Bool
    private let isColoured: Bool
    private var clock: RecordClock

    /// Whether durations and bytes are exact: `1234567 us  in 1536 B`.
    var isExact = false

    init(_ style: Style) {
        switch style {
        case .terminal(let zone, let colour):
            isTerminal = true
            isColoured = colour
            clock = RecordClock(zone: zone)
        case .plain:
            isTerminal = false
            isColoured = false
            clock = RecordClock()
        }
    }

    /// Appends the line of a connection's record.
    mutating func encode(_ record: borrowing ConnectionRecord, to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: record.mostEncodedBytes) { append(record, to: &$0) }
    }

    /// Appends the line of a record of the daemon.
    mutating func encode(_ record: DaemonRecord, to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: record.mostEncodedBytes) { append(record, to: &$0) }
    }

    private mutating func append(_ record: borrowing ConnectionRecord, to bytes: inout ByteOutput) {
        appendHead(record.time, record.level, record.eventKind, to: &bytes)
        bytes.append(bytes: record.listener.textColumn)
        let number = bytes.count
        if record.connection != 0 {
            bytes.append(UInt8(ascii: "#"))
            bytes.append(decimal: record.connection)
        }
        bytes.pad(from: number, to: Column.connection)
        let peer = bytes.count
        bytes.append(record.kind, record.peer, as: .token)
        if let credentials = record.credentials { Self.append(credentials, to: &bytes) }
        switch record.event {
        case .open:
            break
        case .close(let end):
            bytes.pad(from: peer, to: Column.peer)
            append(end.traffic, to: &bytes)
            bytes.append("  ")
            bytes.append(end.reason.name)
            bytes.append(" by ")
            bytes.append(end.by.name)
            bytes.append(errorOf: end)
        case .refused(let refusal):
            bytes.pad(from: peer, to: Column.peer)
            refusal.appendReason(to: &bytes)
        case .live(let traffic), .progress(let traffic):
            bytes.pad(from: peer, to: Column.peer)
            append(traffic, to: &bytes)
        }
        if let via = record.via {
            bytes.append("  via ")
            bytes.append(record.kind, via, as: .token)
        }
        switch record.upstream {
        case .some(let trace): bytes.append(trace, after: "  ", as: .token)
        case nil: break
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func append(_ record: DaemonRecord, to bytes: inout ByteOutput) {
        appendHead(record.time, record.level, record.event, to: &bytes)
        if let listener = record.listener { bytes.append(bytes: listener.textColumn) }
        bytes.append(escaping: Array(record.message.utf8), as: .text)
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func appendHead(
        _ time: UInt64, _ level: RecordLevel, _ event: EventKind, to bytes: inout ByteOutput
    ) {
        if isColoured { bytes.append("\u{1b}[2m") }
        if isTerminal {
            clock.appendTimeOfDay(of: time, to: &bytes)
        } else {
            clock.appendMilliseconds(of: time, to: &bytes)
        }
        if isColoured { bytes.append("\u{1b}[0m") }
        bytes.append("  ")
        let colour = isColoured ? Self.colour(level) : nil
        if let colour { bytes.append(colour) }
        let start = bytes.count
        bytes.append(event.name)
        bytes.pad(from: start, to: Column.event)
        if colour != nil { bytes.append("\u{1b}[0m") }
    }

    /// Ordinary events have no colour.
    private static func colour(_ level: RecordLevel) -> StaticString? {
        switch level {
        case .debug, .info: nil
        case .notice: "\u{1b}[36m"
        case .warning: "\u{1b}[33m"
        case .error: "\u{1b}[1;31m"
        }
    }

    private static func append(_ credentials: PeerCredentials, to bytes: inout ByteOutput) {
        bytes.append(" uid ", decimal: UInt64(credentials.uid))
        if credentials.pid != 0 { bytes.append(" pid ", decimal: UInt64(credentials.pid)) }
    }

    private func append(_ traffic: ConnectionTraffic, to bytes: inout ByteOutput) {
        if isExact {
            bytes.append(decimal: traffic.durationMicroseconds)
            bytes.append(" us  in ", decimal: traffic.bytesIn)
            bytes.append(" B  out ", decimal: traffic.bytesOut)
            bytes.append(" B")
        } else {
            bytes.append(durationMicroseconds: traffic.durationMicroseconds)
            bytes.append("  in ")
            bytes.append(byteCount: traffic.bytesIn)
            bytes.append("  out ")
            bytes.append(byteCount: traffic.bytesOut)
        }
        guard let datagrams = traffic.datagrams, datagrams.dropped > 0 else { return }
        bytes.append("  dropped ")
        bytes.append(decimal: datagrams.dropped)
    }
}

extension ByteOutput {
    /// Pads a column that began at `start` to its width, with at least two blanks.
    fileprivate mutating func pad(from start: Int, to width: Int) {
        append(blanks: Swift.max(width - (count - start), 2))
    }
}
