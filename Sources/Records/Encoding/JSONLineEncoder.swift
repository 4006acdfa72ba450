// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// Encodes a record as one JSON object (RFC 8259) and a newline: the format for programs.
///
/// Names and order: `time`, `level`, `event`, `message`, `listener`, `service`, `connection`, `peer`, `uid`, `gid`, `pid`,
/// `local`, `via`, then the fields of the event. A field that does not apply is left out, never null. Numbers are exact integers;
/// an `errno` is its symbol.
struct JSONLineEncoder {
    private var clock = RecordClock()
    private var local = AddressTextCache(as: .json)

    init() {}

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
        let addresses = bytes.append(messageOf: record, name: record.listener.json, as: .json)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(bytes: record.listener.jsonFields)
        if record.connection != 0 { bytes.append(",\"connection\":", decimal: record.connection) }
        bytes.append(",\"peer\":\"")
        bytes.append(again: addresses.peer)
        bytes.append(UInt8(ascii: "\""))
        if let credentials = record.credentials {
            bytes.append(",\"uid\":", decimal: UInt64(credentials.uid))
            bytes.append(",\"gid\":", decimal: UInt64(credentials.gid))
            if credentials.pid != 0 { bytes.append(",\"pid\":", decimal: UInt64(credentials.pid)) }
        }
        bytes.append(",\"local\":\"")
        local.append(record.kind, record.local, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        if let via = record.via {
            bytes.append(",\"via\":\"")
            bytes.append(record.kind, via, as: .json)
            bytes.append(UInt8(ascii: "\""))
        }
        switch record.event {
        case .open:
            break
        case .close(let end):
            Self.append(end.traffic, to: &bytes)
            bytes.append(",\"reason\":\"")
            bytes.append(end.reason.name)
            bytes.append("\",\"by\":\"")
            bytes.append(end.by.name)
            bytes.append(UInt8(ascii: "\""))
            if end.errno != 0 { Self.append(errno: end.errno, to: &bytes) }
        case .refused(let refusal):
            bytes.append(",\"reason\":\"")
            refusal.appendReason(to: &bytes)
            bytes.append("\",\"rule\":\"")
            bytes.append(refusal.rule)
            bytes.append(UInt8(ascii: "\""))
        case .live(let traffic), .progress(let traffic):
            Self.append(traffic, to: &bytes)
        }
        switch record.upstream {
        case .some(let trace): Self.append(trace, at: addresses.upstream, to: &bytes)
        case nil: break
        }
        bytes.append("}\n")
    }

    private mutating func append(_ record: DaemonRecord, to bytes: inout ByteOutput) {
        appendHead(record.time, record.level, record.event, to: &bytes)
        bytes.append(escaping: Array(record.message.utf8), as: .json)
        bytes.append(UInt8(ascii: "\""))
        if let listener = record.listener { bytes.append(bytes: listener.jsonFields) }
        if let local = record.local {
            bytes.append(",\"local\":\"")
            bytes.append(local.kind, local.address, as: .json)
            bytes.append(UInt8(ascii: "\""))
        }
        if record.errno != 0 { Self.append(errno: record.errno, to: &bytes) }
        for field in record.fields {
            bytes.append(",\"")
            bytes.append(field.name)
            bytes.append("\":")
            switch field.value {
            case .text(let text):
                bytes.append(UInt8(ascii: "\""))
                bytes.append(escaping: Array(text.utf8), as: .json)
                bytes.append(UInt8(ascii: "\""))
            case .integer(let number):
                bytes.append(decimal: number)
            case .time(let time):
                bytes.append(UInt8(ascii: "\""))
                clock.appendMicroseconds(of: time, to: &bytes)
                bytes.append(UInt8(ascii: "\""))
            }
        }
        bytes.append("}\n")
    }

    private mutating func appendHead(
        _ time: UInt64, _ level: RecordLevel, _ event: EventKind, to bytes: inout ByteOutput
    ) {
        bytes.append("{\"time\":\"")
        clock.appendMicroseconds(of: time, to: &bytes)
        bytes.append("\",\"level\":\"")
        bytes.append(level.name)
        bytes.append("\",\"event\":\"")
        bytes.append(event.name)
        bytes.append("\",\"message\":\"")
    }

    private static func append(_ traffic: ConnectionTraffic, to bytes: inout ByteOutput) {
        bytes.append(",\"bytes_in\":", decimal: traffic.bytesIn)
        bytes.append(",\"bytes_out\":", decimal: traffic.bytesOut)
        if let datagrams = traffic.datagrams {
            bytes.append(",\"datagrams_in\":", decimal: datagrams.received)
            bytes.append(",\"datagrams_out\":", decimal: datagrams.sent)
            bytes.append(",\"datagrams_dropped\":", decimal: datagrams.dropped)
        }
        bytes.append(",\"duration_us\":", decimal: traffic.durationMicroseconds)
    }

    private static func append(
        _ trace: borrowing UpstreamTrace, at address: Range<Int>, to bytes: inout ByteOutput
    ) {
        if trace.upstream != nil {
            bytes.append(",\"upstream\":\"")
            bytes.append(again: address)
            bytes.append("\",\"connect_us\":", decimal: trace.connectMicroseconds)
        }
        if trace.queueMicroseconds != 0 { bytes.append(",\"queue_us\":", decimal: trace.queueMicroseconds) }
        bytes.append(",\"attempts\":", decimal: UInt64(max(trace.attempts, 0)))
        guard !trace.failures.isEmpty else { return }
        bytes.append(",\"failures\":\"")
        bytes.append(escaping: trace.failureText, as: .json)
        bytes.append(UInt8(ascii: "\""))
    }

    private static func append(errno: CInt, to bytes: inout ByteOutput) {
        bytes.append(",\"errno\":\"")
        bytes.append(text: SystemError.symbol(of: errno))
        bytes.append(UInt8(ascii: "\""))
    }
}
