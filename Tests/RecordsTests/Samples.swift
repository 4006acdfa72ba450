// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

@testable import Records

/// Records that tests encode.
enum Samples {
    /// 2026-01-02T03:04:05.678901Z
    static let time: UInt64 = 1_767_323_045_678_901_234

    static let echo = ListenerLabel(name: "echo", service: "echo")

    static let traffic = ConnectionTraffic(bytesIn: 64, bytesOut: 1536, durationMicroseconds: 1_234_567)

    /// A flow that has ended.
    static var flow: ConnectionRecord {
        var traffic = traffic
        traffic.datagrams = DatagramTraffic(received: 5, sent: 4, dropped: 1)
        return connection(.close(ConnectionEnd(.idleTimeout, by: .daemon, traffic: traffic)), kind: .udp)
    }

    static func connection(
        _ event: ConnectionRecord.Event, listener: ListenerLabel = echo, kind: SocketKind = .tcp,
        peer: SocketAddress = .ipv4(.loopback, port: 51234), local: SocketAddress = .ipv4(.loopback, port: 7007),
        credentials: PeerCredentials? = nil, number: UInt64 = 42, upstream: consuming UpstreamTrace? = nil
    ) -> ConnectionRecord {
        ConnectionRecord(
            time: time, event: event, connection: number, listener: listener, kind: kind, peer: peer, local: local,
            credentials: credentials, upstream: upstream)
    }

    static func close(_ reason: CloseReason, by party: CloseParty, errno: CInt = 0) -> ConnectionRecord {
        connection(.close(ConnectionEnd(reason, by: party, errno: errno, traffic: traffic)))
    }

    /// A peer whose name has everything in it that could do harm to a line.
    static let hostileName: [UInt8] =
        Array("/run/\"a\\b\" \u{1b}[31mred\n{\"event\":\"close\"}\u{7f}\u{85}\u{202e}\u{2028}ü🙂\u{e0041}".utf8)
        + [0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf0, 0x9f]

    /// Every kind of event, as the daemon tells it.
    static var everyDaemonRecord: [DaemonRecord] {
        EventKind.allCases.map {
            DaemonRecord(
                time: time, $0, "what \"happened\"\nto the daemon", listener: echo,
                local: RecordedAddress(.tcp, .ipv4(.any, port: 7)), errno: 98,
                fields: [
                    RecordField("count", .integer(7)), RecordField("path", .text("/a\\b")),
                    RecordField("from", .time(time)),
                ])
        }
    }
}

extension TextEncoder {
    func line(_ record: borrowing ConnectionRecord) -> String {
        var encoder = self
        var bytes: [UInt8] = []
        encoder.encode(record, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    func line(_ record: DaemonRecord) -> String {
        var encoder = self
        var bytes: [UInt8] = []
        encoder.encode(record, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension JSONLineEncoder {
    func line(_ record: borrowing ConnectionRecord) -> String {
        var encoder = self
        var bytes: [UInt8] = []
        encoder.encode(record, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    func line(_ record: DaemonRecord) -> String {
        var encoder = self
        var bytes: [UInt8] = []
        encoder.encode(record, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The fields of each entry that ``JournalEncoder`` wrote.
func journalEntries(_ bytes: [UInt8]) -> [[String]] {
    var frames = JournalFrames(bytes)
    var fields: [Range<Int>] = []
    var entries: [[String]] = []
    while frames.next(fields: &fields) {
        entries.append(fields.map { String(decoding: bytes[$0], as: UTF8.self) })
    }
    return entries
}
