// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct ConnectionDetailTextTests {
    private static var result: ControlResults.Show {
        var connection = ConnectionStatus(
            number: 4, listener: "front", service: "forward", peer: "tcp://198.51.100.7:46561",
            local: "tcp://192.0.2.1:443", lane: 1, accepted: 0, durationMicroseconds: 11_000_000,
            idleMicroseconds: 1_500_000, bytesIn: 400, bytesOut: 5_800_000)
        connection.upstream = "tcp://10.0.0.5:8443"
        var tcp = TCPStatus()
        tcp.state = .closeWait
        tcp.congestion = "cubic"
        (tcp.rttMicroseconds, tcp.variationMicroseconds, tcp.timeoutMicroseconds) = (25_000, 400, 230_000)
        (tcp.mss, tcp.window, tcp.unacknowledged) = (1448, 10, 3)
        (tcp.unsent, tcp.retransmits, tcp.timeouts) = (2000, 1, 2)
        tcp.deliveryRate = 3_400_000
        tcp.receivedMicroseconds = 1_500_000
        var client = SideStatus()
        client.local = "tcp://192.0.2.1:443"
        client.transfer = .splicing
        (client.held, client.piped) = (0, 65_536)
        (client.receiveQueue, client.sendQueue) = (0, 6344)
        client.hasEnded = true
        client.tcp = tcp
        var upstream = SideStatus()
        upstream.held = 12
        upstream.sendQueue = 700
        var detail = ConnectionDetail()
        detail.client = client
        detail.upstream = upstream
        detail.halfClosed = DaemonStatus.now - 3_000_000
        detail.deadlines = [DeadlineStatus(name: "half-close-timeout", leftMicroseconds: 57_000_000)]
        detail.relaying = RelayingStatus(
            connectMicroseconds: 111, queueMicroseconds: 0, attempts: 2,
            failures: ["tcp://10.0.0.6:8443: Connection refused"])
        return ControlResults.Show(connection: connection, detail: detail)
    }

    private func text(_ result: ControlResults.Show, columns: Int = 80) -> String {
        ConnectionDetailText.text(result, now: DaemonStatus.now, OutputStyle(columns: columns))
    }

    @Test func `the connection comes first, then each side with its socket`() {
        #expect(
            text(Self.result) == """
                connection: 4
                  listener:           front
                  service:            forward
                  lane:               1
                  accepted:           11s ago
                  idle:               1.5s
                  received:           400 B
                  sent:               5.8 MB
                  half-closed:        EOF from the client, 3.0s ago
                  half-close-timeout: in 57s

                client: tcp://198.51.100.7:46561
                  local:              tcp://192.0.2.1:443
                  transfer:           splicing
                  held:               0 B
                  in a pipe:          65.5 kB
                  unread:             0 B
                  last received:      1.5s ago
                  unacked:            6.3 kB, of which 2.0 kB are not sent
                  TCP state:          close-wait
                  rtt:                25ms, variation 400us, timeout 230ms
                  retransmits:        1 segment, 2 timeouts without an answer
                  congestion:         cubic, window 10 segments of 1448 bytes, 3 unacked
                  delivery rate:      3.4 MB/s
                  pacing rate:        no limit

                upstream: tcp://10.0.0.5:8443
                  held:               12 B
                  send queue:         700 B
                  connect time:       111us
                  attempts:           2
                  failure:            tcp://10.0.0.6:8443: Connection refused

                """)
    }

    @Test func `lines are no longer than the terminal is wide`() {
        var result = Self.result
        result.detail.relaying?.failures = [String(repeating: "word ", count: 30)]
        for columns in [60, 80] {
            #expect(text(result, columns: columns).split(separator: "\n").allSatisfy { $0.count <= columns })
        }
    }

    @Test func `what comes from others cannot control the terminal`() {
        var result = Self.result
        result.connection.listener = "a\u{1b}[2Jb"
        var origin = OriginStatus(via: "tcp://192.0.2.9:1\u{9b}2J", version: 2, isLocal: true)
        origin.authority = "x\u{1b}]0;y\u{7}"
        result.detail.origin = origin
        let text = text(result)
        #expect(text.contains("\nPROXY header from: tcp://192.0.2.9:1"))
        #expect(text.contains("version:            2, for the proxy itself\n"))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7f..<0xa0).contains($0.value) })
    }

    @Test func `a connection that has no upstream yet says so`() {
        var result = Self.result
        result.connection.upstream = nil
        result.detail.upstream = nil
        #expect(text(result).contains("\nupstream: not connected\n  attempts:           2\n"))
    }
}
