// SPDX-License-Identifier: Apache-2.0

import Addresses
import Foundation
import LinuxSystem
import Testing

@testable import Records

@Suite struct JSONLineEncoderTests {
    private let encoder = JSONLineEncoder()

    private static func parse(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test func anOpenedConnection() {
        #expect(
            encoder.line(Samples.connection(.open))
                == #"{"time":"2026-01-02T03:04:05.678901Z","level":"info","event":"open","#
                + #""message":"echo: connection 42 from tcp://127.0.0.1:51234","listener":"echo","service":"echo","#
                + #""connection":42,"peer":"tcp://127.0.0.1:51234","local":"tcp://127.0.0.1:7007"}"# + "\n")
    }

    @Test func `a cached address differs from another one, and from one of another kind`() throws {
        var encoder = JSONLineEncoder()
        var bytes: [UInt8] = []
        let here = SocketAddress.ipv4(.loopback, port: 7007)
        let there = SocketAddress.ipv4(IPv4Address(0xc0a8_6409), port: 7007)
        for (kind, local) in [(SocketKind.tcp, here), (.tcp, here), (.tcp, there), (.tcp, here), (.udp, here)] {
            encoder.encode(Samples.connection(.open, kind: kind, local: local), to: &bytes)
        }
        let locals = try String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
            try #require(try Self.parse(String($0))["local"] as? String)
        }
        #expect(
            locals == [
                "tcp://127.0.0.1:7007", "tcp://127.0.0.1:7007", "tcp://192.168.100.9:7007", "tcp://127.0.0.1:7007",
                "udp://127.0.0.1:7007",
            ])
    }

    @Test func aClosedConnection() {
        #expect(
            encoder.line(Samples.close(.clientClosed, by: .client))
                == #"{"time":"2026-01-02T03:04:05.678901Z","level":"info","event":"close","#
                + #""message":"echo: connection 42 from tcp://127.0.0.1:51234 ended after 1.2 s: client-closed by client "#
                + #"(in 64 B, out 1.5 KiB)","listener":"echo","service":"echo","#
                + #""connection":42,"peer":"tcp://127.0.0.1:51234","local":"tcp://127.0.0.1:7007","#
                + #""bytes_in":64,"bytes_out":1536,"duration_us":1234567,"reason":"client-closed","by":"client"}"#
                + "\n"
        )
    }

    @Test func aClosedFlow() {
        #expect(
            encoder.line(Samples.flow)
                == #"{"time":"2026-01-02T03:04:05.678901Z","level":"info","event":"close","#
                + #""message":"echo: flow 42 from udp://127.0.0.1:51234 ended after 1.2 s: idle-timeout by daemon "#
                + #"(in 64 B, out 1.5 KiB)","listener":"echo","service":"echo","#
                + #""connection":42,"peer":"udp://127.0.0.1:51234","local":"udp://127.0.0.1:7007","#
                + #""bytes_in":64,"bytes_out":1536,"datagrams_in":5,"datagrams_out":4,"datagrams_dropped":1,"#
                + #""duration_us":1234567,"reason":"idle-timeout","by":"daemon"}"# + "\n")
    }

    @Test func anErrorIsAWarningWithItsSymbol() throws {
        let fields = try Self.parse(encoder.line(Samples.close(.error, by: .daemon, errno: 104)))
        #expect(fields["level"] as? String == "warning")
        #expect(fields["reason"] as? String == "error")
        #expect(fields["errno"] as? String == "ECONNRESET")
    }

    @Test(arguments: [
        (Refusal.listenerLimit(2000), "max-connections of the listener (2000)", "listener.max-connections"),
        (Refusal.daemonLimit(10000), "max-connections of the daemon (10000)", "daemon.max-connections"),
    ])
    func aRefusalNamesItsRule(refusal: Refusal, reason: String, rule: String) throws {
        let fields = try Self.parse(encoder.line(Samples.connection(.refused(refusal), number: 0)))
        #expect(fields["event"] as? String == "refused")
        #expect(fields["level"] as? String == "warning")
        #expect(fields["reason"] as? String == reason)
        #expect(fields["rule"] as? String == rule)
        #expect(fields["message"] as? String == "echo: refused tcp://127.0.0.1:51234: \(reason)")
        #expect(fields["connection"] == nil)
    }

    @Test func aUnixPeerHasItsCredentials() throws {
        let record = Samples.connection(
            .open, kind: .unixStream, peer: .unnamed, local: .abstract(name: Array("talk".utf8)),
            credentials: PeerCredentials(pid: 77, uid: 1000, gid: 100))
        let fields = try Self.parse(encoder.line(record))
        #expect(fields["peer"] as? String == "unix://")
        #expect(fields["local"] as? String == "unix://@talk")
        #expect(fields["uid"] as? Int == 1000)
        #expect(fields["gid"] as? Int == 100)
        #expect(fields["pid"] as? Int == 77)
    }

    @Test func aProcessThatTheKernelDoesNotShowIsLeftOut() throws {
        let record = Samples.connection(
            .open, kind: .unixStream, peer: .unnamed, credentials: PeerCredentials(pid: 0, uid: 0, gid: 0))
        let fields = try Self.parse(encoder.line(record))
        #expect(fields["pid"] == nil)
        #expect(fields["uid"] as? Int == 0)
    }

    @Test(arguments: CloseReason.allCases, CloseParty.allCases)
    func everyEndIsReadBack(reason: CloseReason, party: CloseParty) throws {
        let fields = try Self.parse(encoder.line(Samples.close(reason, by: party)))
        #expect(fields["reason"] as? String == reason.name.description)
        #expect(fields["by"] as? String == party.name.description)
        #expect(fields["bytes_in"] as? Int == 64)
        #expect(fields["bytes_out"] as? Int == 1536)
        #expect(fields["duration_us"] as? Int == 1_234_567)
    }

    @Test(arguments: Samples.everyDaemonRecord)
    func everyEventOfTheDaemonIsReadBack(record: DaemonRecord) throws {
        let line = encoder.line(record)
        #expect(line.filter { $0 == "\n" }.count == 1)
        let fields = try Self.parse(line)
        #expect(fields["time"] as? String == "2026-01-02T03:04:05.678901Z")
        #expect(fields["level"] as? String == record.level.name.description)
        #expect(fields["event"] as? String == record.event.name.description)
        #expect(fields["message"] as? String == record.message)
        #expect(fields["listener"] as? String == "echo")
        #expect(fields["service"] as? String == "echo")
        #expect(fields["local"] as? String == "tcp://0.0.0.0:7")
        #expect(fields["errno"] as? String == "EADDRINUSE")
        #expect(fields["count"] as? Int == 7)
        #expect(fields["path"] as? String == "/a\\b")
        #expect(fields["from"] as? String == "2026-01-02T03:04:05.678901Z")
        #expect(fields.count == 11)
    }

    @Test func theLargestNumbersAreExact() throws {
        let end = ConnectionEnd(
            .finished, by: .service,
            traffic: ConnectionTraffic(
                bytesIn: .max, bytesOut: .max, datagrams: DatagramTraffic(received: .max, sent: .max, dropped: .max),
                durationMicroseconds: .max))
        let line = encoder.line(Samples.connection(.close(end), number: .max))
        #expect(line.contains(#""connection":18446744073709551615,"#))
        #expect(line.contains(#""bytes_in":18446744073709551615,"bytes_out":18446744073709551615,"#))
        #expect(line.contains(#""datagrams_in":18446744073709551615,"datagrams_out":18446744073709551615,"#))
        #expect(line.contains(#""datagrams_dropped":18446744073709551615,"#))
        #expect(line.contains(#""duration_us":18446744073709551615,"#))
        _ = try Self.parse(line)
    }

    @Test func hostileNamesAreReadBackAsTheyWere() throws {
        let name = "li\"st\\en\u{1}er \u{2028}\u{e0041}"
        let label = ListenerLabel(name: name, service: "a\nb")
        let record = Samples.connection(
            .open, listener: label, kind: .unixStream, peer: .unix(path: Array("/\"\\\n\u{0}\u{9b}ü🙂".utf8)))
        let line = encoder.line(record)
        let fields = try Self.parse(line)
        #expect(fields["listener"] as? String == name)
        #expect(fields["service"] as? String == "a\nb")
        #expect(fields["peer"] as? String == "unix:///\"\\\n\u{0}\u{9b}ü🙂")
        #expect(!line.dropLast().unicodeScalars.contains { Escaping.isInvisible($0.value) })
    }

    @Test func `a quote in an interface name is escaped`() throws {
        let bus = try #require(InterfaceName("c\"\\\u{1b}[31m"))
        let peer = SocketAddress.can(bus, CANIdentifier(rawValue: 0x123))
        let line = encoder.line(Samples.connection(.open, kind: .can, peer: peer, local: .can(bus, .none)))
        let fields = try Self.parse(line)
        #expect(fields["peer"] as? String == "can://c\"\\\u{1b}[31m#123")
        #expect(fields["local"] as? String == "can://c\"\\\u{1b}[31m")
    }

    @Test func `negative attempts are written as 0`() throws {
        let record = Samples.connection(.live(Samples.traffic), upstream: UpstreamTrace(attempts: -1))
        #expect(try Self.parse(encoder.line(record))["attempts"] as? Int == 0)
    }

    @Test func bytesThatAreNotUTF8StayKnown() throws {
        let record = Samples.connection(.open, kind: .unixStream, peer: .unix(path: [0x2f, 0xff, 0x41]))
        #expect(try Self.parse(encoder.line(record))["peer"] as? String == #"unix:///\xffA"#)
    }

    @Test func tenThousandRandomNamesBreakNoLine() throws {
        var random = SplitMix(seed: 20_260_102)
        var encoder = encoder
        for round in 0..<10_000 {
            let name = (0..<Int.random(in: 0...107, using: &random)).map { _ in
                // Half of them from the bytes that UTF-8 and JSON care about.
                Bool.random(using: &random)
                    ? UInt8.random(in: 0...255, using: &random)
                    : [0x0a, 0x1b, 0x22, 0x5c, 0x7f, 0xc2, 0x85, 0xe2, 0x80, 0xa8, 0xed, 0xa0, 0xf0, 0x9f, 0xff]
                        .randomElement(using: &random) ?? 0
            }
            let peer: SocketAddress = round % 2 == 0 ? .unix(path: name) : .abstract(name: name)
            var bytes: [UInt8] = []
            encoder.encode(Samples.connection(.open, kind: .unixStream, peer: peer, local: peer), to: &bytes)
            let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
            let isOneLine = bytes.last == 0x0a && !bytes.dropLast().contains { $0 < 0x20 || $0 == 0x7f }
            if !isOneLine || object?["peer"] == nil { Issue.record("\(name)") }
        }
    }
}

/// Numbers that are the same in each run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
