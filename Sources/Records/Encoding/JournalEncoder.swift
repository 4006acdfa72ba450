// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// Encodes a record as the fields of a journal entry (systemd.journal-fields(7)).
///
/// The fields are framed, so that a sink can point an `iovec` at each without parsing it. An entry is the number of its fields,
/// then each field as its length and its bytes `NAME=value`; the numbers are 32 bits, little-endian. ``JournalFrames`` reads it.
///
/// `MESSAGE`, `MESSAGE_ID`, `PRIORITY`, `SYSLOG_IDENTIFIER` and, if a call failed, `ERRNO` are the journal's own fields. usher's
/// fields have the names of the JSON format in upper case after `USHER_`, and the same values, plus `USHER_DURATION`, the
/// duration in words. Values from outside are escaped as in text, since journalctl(1) shows a field with unprintable bytes as a
/// blob.
struct JournalEncoder {
    private var clock = RecordClock()

    init() {}

    /// Appends the entry of a connection's record.
    mutating func encode(_ record: borrowing ConnectionRecord, to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: record.mostEncodedBytes) { append(record, to: &$0) }
    }

    /// Appends the entry of a record of the daemon.
    mutating func encode(_ record: DaemonRecord, to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: record.mostEncodedBytes) { append(record, to: &$0) }
    }

    private mutating func append(_ record: borrowing ConnectionRecord, to bytes: inout ByteOutput) {
        var entry = JournalEntryFrame(in: &bytes)
        var addresses = MessageAddresses(peer: 0..<0)
        entry.field(in: &bytes) {
            $0.append("MESSAGE=")
            addresses = $0.append(messageOf: record, name: record.listener.text, as: .text)
        }
        appendHead(record.time, record.level, record.eventKind, record.messageID, of: &entry, to: &bytes)
        entry.field(record.listener.journalListener, in: &bytes)
        entry.field(record.listener.journalService, in: &bytes)
        if record.connection != 0 { entry.field("USHER_CONNECTION=", record.connection, in: &bytes) }
        entry.field(in: &bytes) {
            $0.append("USHER_PEER=")
            $0.append(again: addresses.peer)
        }
        if let credentials = record.credentials {
            entry.field("USHER_UID=", UInt64(credentials.uid), in: &bytes)
            entry.field("USHER_GID=", UInt64(credentials.gid), in: &bytes)
            if credentials.pid != 0 { entry.field("USHER_PID=", UInt64(credentials.pid), in: &bytes) }
        }
        entry.field(in: &bytes) {
            $0.append("USHER_LOCAL=")
            $0.append(record.kind, record.local, as: .text)
        }
        if let via = record.via {
            entry.field(in: &bytes) {
                $0.append("USHER_VIA=")
                $0.append(record.kind, via, as: .text)
            }
        }
        switch record.event {
        case .open:
            break
        case .close(let end):
            Self.append(end.traffic, of: &entry, to: &bytes)
            entry.field("USHER_REASON=", end.reason.name, in: &bytes)
            entry.field("USHER_BY=", end.by.name, in: &bytes)
            Self.append(errno: end.errno, of: &entry, to: &bytes)
        case .refused(let refusal):
            entry.field(in: &bytes) {
                $0.append("USHER_REASON=")
                refusal.appendReason(to: &$0)
            }
            entry.field("USHER_RULE=", refusal.rule, in: &bytes)
        case .live(let traffic), .progress(let traffic):
            Self.append(traffic, of: &entry, to: &bytes)
        }
        switch record.upstream {
        case .some(let trace): Self.append(trace, at: addresses.upstream, of: &entry, to: &bytes)
        case nil: break
        }
        entry.finish(in: &bytes)
    }

    private mutating func append(_ record: DaemonRecord, to bytes: inout ByteOutput) {
        var entry = JournalEntryFrame(in: &bytes)
        entry.field(in: &bytes) {
            $0.append("MESSAGE=")
            $0.append(escaping: Array(record.message.utf8), as: .text)
        }
        appendHead(record.time, record.level, record.event, record.event.messageID, of: &entry, to: &bytes)
        if let listener = record.listener {
            entry.field(listener.journalListener, in: &bytes)
            entry.field(listener.journalService, in: &bytes)
        }
        if let local = record.local {
            entry.field(in: &bytes) {
                $0.append("USHER_LOCAL=")
                $0.append(local.kind, local.address, as: .text)
            }
        }
        Self.append(errno: record.errno, of: &entry, to: &bytes)
        for field in record.fields {
            entry.field(in: &bytes) {
                $0.append("USHER_")
                $0.append(text: field.name.description.uppercased())
                $0.append(UInt8(ascii: "="))
                switch field.value {
                case .text(let text): $0.append(escaping: Array(text.utf8), as: .text)
                case .integer(let number): $0.append(decimal: number)
                case .time(let time): clock.appendMicroseconds(of: time, to: &$0)
                }
            }
        }
        entry.finish(in: &bytes)
    }

    private mutating func appendHead(
        _ time: UInt64, _ level: RecordLevel, _ event: EventKind, _ messageID: StaticString,
        of entry: inout JournalEntryFrame, to bytes: inout ByteOutput
    ) {
        entry.field("MESSAGE_ID=", messageID, in: &bytes)
        entry.field("PRIORITY=", UInt64(level.priority), in: &bytes)
        entry.field("SYSLOG_IDENTIFIER=", "usherd", in: &bytes)
        entry.field(in: &bytes) {
            $0.append("USHER_TIME=")
            clock.appendMicroseconds(of: time, to: &$0)
        }
        entry.field("USHER_LEVEL=", level.name, in: &bytes)
        entry.field("USHER_EVENT=", event.name, in: &bytes)
    }

    private static func append(
        _ traffic: ConnectionTraffic, of entry: inout JournalEntryFrame, to bytes: inout ByteOutput
    ) {
        entry.field("USHER_BYTES_IN=", traffic.bytesIn, in: &bytes)
        entry.field("USHER_BYTES_OUT=", traffic.bytesOut, in: &bytes)
        if let datagrams = traffic.datagrams {
            entry.field("USHER_DATAGRAMS_IN=", datagrams.received, in: &bytes)
            entry.field("USHER_DATAGRAMS_OUT=", datagrams.sent, in: &bytes)
            entry.field("USHER_DATAGRAMS_DROPPED=", datagrams.dropped, in: &bytes)
        }
        entry.field("USHER_DURATION_US=", traffic.durationMicroseconds, in: &bytes)
        // The catalog can only insert fields, so it needs the duration as text.
        entry.field(in: &bytes) {
            $0.append("USHER_DURATION=")
            $0.append(durationMicroseconds: traffic.durationMicroseconds)
        }
    }

    private static func append(
        _ trace: borrowing UpstreamTrace, at address: Range<Int>, of entry: inout JournalEntryFrame,
        to bytes: inout ByteOutput
    ) {
        if trace.upstream != nil {
            entry.field(in: &bytes) {
                $0.append("USHER_UPSTREAM=")
                $0.append(again: address)
            }
            entry.field("USHER_CONNECT_US=", trace.connectMicroseconds, in: &bytes)
        }
        if trace.queueMicroseconds != 0 { entry.field("USHER_QUEUE_US=", trace.queueMicroseconds, in: &bytes) }
        entry.field("USHER_ATTEMPTS=", UInt64(max(trace.attempts, 0)), in: &bytes)
        guard !trace.failures.isEmpty else { return }
        entry.field(in: &bytes) {
            $0.append("USHER_FAILURES=")
            $0.append(escaping: trace.failureText, as: .text)
        }
    }

    private static func append(errno: CInt, of entry: inout JournalEntryFrame, to bytes: inout ByteOutput) {
        guard errno != 0 else { return }
        entry.field("ERRNO=", UInt64(errno.magnitude), in: &bytes)
        entry.field(in: &bytes) {
            $0.append("USHER_ERRNO=")
            $0.append(text: SystemError.symbol(of: errno))
        }
    }
}
