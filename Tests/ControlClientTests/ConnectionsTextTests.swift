// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct ConnectionsTextTests {
    private static func connection(
        _ number: UInt64, _ listener: String, _ peer: String, upstream: String? = nil
    ) -> ConnectionStatus {
        var connection = ConnectionStatus(
            number: number, listener: listener, service: "echo", peer: peer, local: "tcp://127.0.0.1:7007", lane: 0,
            accepted: 0, durationMicroseconds: 200_000_000, idleMicroseconds: 1_200_000, bytesIn: 340,
            bytesOut: 1_234_567)
        connection.upstream = upstream
        return connection
    }

    private func text(_ connections: [ConnectionStatus], count: Int? = nil, columns: Int = 80) -> String {
        ConnectionsText.text(
            ControlResults.Connections(connections: connections, count: count ?? connections.count),
            OutputStyle(columns: columns))
    }

    @Test func `connections are listed with their clients`() {
        var process = Self.connection(12, "chat", "unix://")
        process.pid = 4711
        process.uid = 1000
        #expect(
            text([Self.connection(7, "echo", "tcp://127.0.0.1:40122"), process, Self.connection(13, "chat", "unix://")])
                == """
                NUMBER  LISTENER  PEER                  AGE  IDLE     IN     OUT
                     7  echo      127.0.0.1:40122    3m 20s  1.2s  340 B  1.2 MB
                    12  chat      pid 4711 uid 1000  3m 20s  1.2s  340 B  1.2 MB
                    13  chat      unix               3m 20s  1.2s  340 B  1.2 MB
                3 connections

                """)
    }

    @Test func `relayed connections have their upstream`() {
        let connections = [
            Self.connection(1, "front", "tcp://192.0.2.7:40122", upstream: "tcp://10.0.0.5:8080"),
            Self.connection(2, "front", "tcp://192.0.2.7:40123"),
        ]
        #expect(
            text(connections, count: 340) == """
                NUMBER  LISTENER  PEER             UPSTREAM          AGE  IDLE     IN     OUT
                     1  front     192.0.2.7:40122  10.0.0.5:8080  3m 20s  1.2s  340 B  1.2 MB
                     2  front     192.0.2.7:40123  -              3m 20s  1.2s  340 B  1.2 MB
                2 of 340 connections

                """)
    }

    @Test func `rates stand for bytes, and round-trip times have their column`() {
        var connection = Self.connection(1, "front", "tcp://192.0.2.7:40122", upstream: "tcp://10.0.0.5:8080")
        connection.rttMicroseconds = 25_000
        var other = connection
        other.number = 2
        other.rttMicroseconds = nil
        let list = ControlResults.Connections(connections: [connection, other], count: 2)
        var earlier = connection
        earlier.durationMicroseconds -= 1_000_000
        earlier.bytesIn = 0
        let change = ConnectionsChange(
            from: ControlResults.Connections(connections: [earlier], count: 1), to: list, durationMicroseconds: 1)
        #expect(
            ConnectionsText.text(list, change: change, OutputStyle(columns: 80)) == """
                NUMBER  LISTENER  PEER           UPSTREAM          AGE  IDLE   IN/S  OUT/S   RTT
                     1  front     192.0.2.7:40…  10.0.0.5:8080  3m 20s  1.2s  340 B    0 B  25ms
                     2  front     192.0.2.7:40…  10.0.0.5:8080  3m 20s  1.2s      -      -     -
                2 connections

                """)
    }

    @Test func `addresses are cut, unless the terminal is wider`() {
        let connection = Self.connection(
            123_456, "a-long-name-of-a-listener", "tcp://[2001:db8:1:2:3:4:5:6]:40122",
            upstream: "tcp://[2001:db8:1:2:3:4:5:7]:8080")
        #expect(
            text([connection]) == """
                NUMBER  LISTENER       PEER           UPSTREAM          AGE  IDLE     IN     OUT
                123456  a-long-name-…  [2001:db8:1:…  [2001:db8:1:…  3m 20s  1.2s  340 B  1.2 MB
                1 connection

                """)
        let wide = text([connection], columns: 160)
        #expect(wide.contains("a-long-name-of-a-listener  [2001:db8:1:2:3:4:5:6]:40122  [2001:db8:1:2:3:4:5:7]:8080  "))
    }

    @Test func `long numbers and times fit in 80 columns`() {
        var connection = Self.connection(
            12_345_678, "a-long-name-of-a-listener", "tcp://[2001:db8:1:2:3:4:5:6]:40122",
            upstream: "tcp://[2001:db8:1:2:3:4:5:7]:8080")
        connection.durationMicroseconds = 123 * 86_400_000_000 + 23 * 3_600_000_000
        connection.idleMicroseconds = connection.durationMicroseconds
        connection.bytesIn = 99_900_000
        connection.bytesOut = 99_900_000
        let lines = text([connection]).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines[1])")
    }

    @Test func `an empty list says so`() {
        #expect(text([]) == "no connections\n")
        #expect(text([], count: 12) == "0 of 12 connections\n")
    }

    @Test func `names from outside cannot control the terminal`() {
        #expect(text([Self.connection(1, "\u{1b}[31m", "unix:///\n")]).contains("\\u{1B}[31m"))
    }
}
