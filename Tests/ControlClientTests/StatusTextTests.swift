// SPDX-License-Identifier: Apache-2.0

import Configuration
import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct StatusTextTests {
    private static let now = DaemonStatus.now

    private static var echo: ListenerStatus {
        var echo = ListenerStatus(name: "echo", service: "echo", state: .listening)
        echo.addresses = ["tcp://127.0.0.1:7007"]
        echo.connections = 2
        echo.peak = 3
        echo.total = 12
        echo.bytesIn = 1234
        echo.bytesOut = 1234
        return echo
    }

    private static var web: ListenerStatus {
        var web = ListenerStatus(name: "web", service: "forward", state: .paused)
        web.addresses = [
            "tcp://0.0.0.0:8080", "tcp://[::]:8080", "unix:///run/usherd/a-path-of-some-length/web.socket",
        ]
        web.connections = 1
        web.peak = 40
        web.limit = 100
        web.total = 1280
        web.failed = 12
        web.refused = [NamedCount(name: "listener-limit", count: 4), NamedCount(name: "proxy-header", count: 3)]
        web.bytesIn = 1_234_567
        web.bytesOut = 33_100_000
        web.durations = DurationSpread(count: 1279, p50: 1_200_000, p90: 3_400_000, p99: 200_000_000)
        var first = UpstreamStatus(address: "tcp://10.0.0.5:80")
        first.connections = 1
        first.peak = 5
        first.total = 1270
        first.connectTimes = DurationSpread(count: 1270, p50: 340, p90: 900, p99: 12_000)
        var second = UpstreamStatus(address: "tcp://backup.example.net:80")
        second.state = .down
        second.weight = 2
        second.backup = true
        second.failed = 10
        web.upstreams = [first, second]
        return web
    }

    private static var bus: ListenerStatus {
        var bus = ListenerStatus(name: "bus", service: "discard", state: .waiting)
        bus.waitsFor = ["interface can0"]
        bus.datagrams = DatagramCounts(received: 12, sent: 10, dropped: 2)
        return bus
    }

    private func text(
        _ listeners: [ListenerStatus], _ daemon: DaemonStatus = .sample(), change: StatusChange? = nil,
        isVerbose: Bool = false, style: OutputStyle = OutputStyle()
    ) -> String {
        StatusText(
            ControlResults.Status(daemon: daemon, listeners: listeners), change: change, now: Self.now,
            isVerbose: isVerbose, style
        ).text
    }

    @Test func `the status is a table of 80 columns with details below each listener`() {
        #expect(
            text([Self.echo, Self.web, Self.bus]) == """
                usherd 0.1.0, serving, pid 4711, up 1h 0m
                configuration  /etc/usherd/usherd.toml, loaded 1h 0m ago
                connections    3 now, 12 peak, limit 10000

                LISTENER  STATE      NOW  PEAK  TOTAL  FAILED  REFUSED      IN      OUT
                echo      listening    2     3     12       0        0  1.2 kB   1.2 kB
                  echo at tcp://127.0.0.1:7007
                web       paused       1    40   1280      12        7  1.2 MB  33.1 MB
                  forward at tcp://0.0.0.0:8080, tcp://[::]:8080,
                    unix:///run/usherd/a-path-of-some-length/web.socket, limit 100
                  refused: 4 listener-limit, 3 proxy-header
                  UPSTREAM                    STATE          WEIGHT  NOW  TOTAL  FAILED  CONNECT
                  tcp://10.0.0.5:80           up                  1    1   1270       0    340us
                  tcp://backup.example.net:…  down (backup)       2    0      0      10        -
                bus       waiting      0     0      0       0        0     0 B      0 B
                  discard without a socket
                  waits for interface can0
                  datagrams: 12 received, 10 sent, 2 dropped

                """)
    }

    @Test func `what an operator has set for an upstream is below its row`() {
        var web = Self.web
        web.addresses = []
        web.refused = []
        web.upstreams[0].withdrawal = .draining
        web.upstreams[0].configuredWeight = 1
        web.upstreams[0].weight = 256
        web.upstreams[1].withdrawal = .disabled
        let text = text([web])
        #expect(
            text.hasSuffix(
                """
                  UPSTREAM                STATE              WEIGHT  NOW  TOTAL  FAILED  CONNECT
                  tcp://10.0.0.5:80       draining              256    1   1270       0    340us
                    set by an operator: draining, weight 256 in place of 1
                  tcp://backup.example.…  disabled (backup)       2    0      0      10        -
                    set by an operator: disabled

                """), "\(text)")
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func `failures and the queue are shown`() {
        var web = Self.web
        web.addresses = []
        web.refused = []
        web.queue = QueueStatus(length: 3, limit: 1024)
        web.upstreams[0].lastFailure = UpstreamFailureStatus(
            time: Self.now - 90_000_000, attempt: .check, errno: nil, reason: "no answer within timeout")
        web.upstreams[1].lastFailure = UpstreamFailureStatus(
            time: Self.now - 500_000, attempt: .connection, errno: "EADDRNOTAVAIL",
            reason: "Cannot assign requested address (EADDRNOTAVAIL): RDS has no transport (`modprobe rds_tcp`)\u{1b}")
        web.upstreams[1].outage = OutageStatus(
            since: Self.now - 12_000_000, attempt: .connection, failures: 3, reason: "x", retryMicroseconds: 1_500_000)
        var text = text([web])
        #expect(
            text.hasSuffix(
                """
                  forward without a socket, limit 100
                  queue: 3 of at most 1024 wait for an upstream
                  UPSTREAM                    STATE          WEIGHT  NOW  TOTAL  FAILED  CONNECT
                  tcp://10.0.0.5:80           up                  1    1   1270       0    340us
                    last failure 1m 30s ago: no answer within timeout
                  tcp://backup.example.net:…  down (backup)       2    0      0      10        -
                    down for 12s after 3 failed connections in a row, tried again in 1.5s
                    last failure 500ms ago: Cannot assign requested address (EADDRNOTAVAIL): RDS
                      has no transport (`modprobe rds_tcp`)\\u{1B}

                """), "\(text)")
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
        web.upstreams[1].outage = OutageStatus(
            since: Self.now - 12_000_000, attempt: .check, failures: 1, reason: "x", retryMicroseconds: nil)
        text = self.text([web])
        #expect(text.contains("    down for 12s after 1 failed check in a row\n"))
        web.queue?.length = 0
        text = self.text([web])
        #expect(!text.contains("queue:"))
        text = self.text([web], isVerbose: true)
        #expect(text.contains("\n  queue: 0 of at most 1024 wait for an upstream\n"))
    }

    @Test func `--verbose shows lanes and durations`() {
        let turns = DurationSpread(count: 12_345_678, p50: 12, p90: 40, p99: 340)
        let daemon = DaemonStatus.sample(lanes: [
            LaneStatus(number: 0, connections: 2, turns: turns), LaneStatus(number: 1, connections: 1, turns: turns),
        ])
        #expect(
            text([Self.web], daemon, isVerbose: true, style: OutputStyle(columns: 100)) == """
                usherd 0.1.0, serving, pid 4711, up 1h 0m
                configuration  /etc/usherd/usherd.toml, loaded 1h 0m ago
                connections    3 now, 12 peak, limit 10000

                LANE  CONNECTIONS  TURNS   50%   90%    99%
                   0            2  12.3M  12us  40us  340us
                   1            1  12.3M  12us  40us  340us

                LISTENER  STATE   NOW  PEAK  TOTAL  FAILED  REFUSED      IN      OUT
                web       paused    1    40   1280      12        7  1.2 MB  33.1 MB
                  forward at tcp://0.0.0.0:8080, tcp://[::]:8080,
                    unix:///run/usherd/a-path-of-some-length/web.socket, limit 100
                  refused: 4 listener-limit, 3 proxy-header
                  connections lasted 1.2s (50%), 3.4s (90%), 3m 20s (99%)
                  UPSTREAM                     STATE          WEIGHT  NOW  TOTAL  FAILED  CONNECT   99%  PEAK
                  tcp://10.0.0.5:80            up                  1    1   1270       0    340us  12ms     5
                  tcp://backup.example.net:80  down (backup)       2    0      0      10        -     -     0

                """)
    }

    @Test func `an interval shows rates per second`() {
        var later = Self.echo
        later.total += 5
        later.bytesIn += 3_000_000
        later.refused = [NamedCount(name: "loop", count: 1)]
        var web = ListenerStatus(name: "web", service: "echo", state: .paused)
        web.total = 1280
        let change = StatusChange(
            from: ControlResults.Status(daemon: .sample(), listeners: [Self.echo]),
            to: ControlResults.Status(daemon: .sample(), listeners: [later, web]), durationMicroseconds: 2_000_000)
        #expect(
            text([later, web], change: change) == """
                usherd 0.1.0, serving, pid 4711, up 1h 0m
                configuration  /etc/usherd/usherd.toml, loaded 1h 0m ago
                connections    3 now, 12 peak, limit 10000

                LISTENER  STATE      NOW  TOTAL  CONN/S  REFUSED/S    IN/S  OUT/S
                echo      listening    2     17     2.5        0.5  1.5 MB    0 B
                  echo at tcp://127.0.0.1:7007
                  refused: 1 loop
                web       paused       0   1280     640        0.0     0 B    0 B
                  echo without a socket

                """)
    }

    @Test func `the outcome of the last reload is shown in full`() {
        var daemon = DaemonStatus.sample()
        daemon.state = .draining
        daemon.reload = ReloadOutcome(
            time: Self.now - 200_000_000,
            reason:
                "listener web: cannot listen on tcp://0.0.0.0:80: address already in use; `ss -ltnp` shows by which\nprocess"
        )
        #expect(
            text([], daemon) == """
                usherd 0.1.0, draining, pid 4711, up 1h 0m
                configuration  /etc/usherd/usherd.toml, loaded 1h 0m ago
                last reload    3m 20s ago, failed: listener web: cannot listen on
                               tcp://0.0.0.0:80: address already in use; `ss -ltnp` shows by
                               which process
                connections    3 now, 12 peak, limit 10000

                no listeners

                """)
        daemon.reload = ReloadOutcome(time: Self.now, reason: nil)
        #expect(text([], daemon).contains("\nlast reload    0us ago, succeeded\n"))
    }

    @Test func `long names are cut, unless the terminal is wider`() {
        var echo = Self.echo
        echo.name = "a-name-of-a-listener-that-is-much-too-long-for-a-table"
        echo.bytesOut = 999_000_000_000
        let lines = text([echo]).split(separator: "\n")
        #expect(
            lines[3...4].joined(separator: "\n") == """
                LISTENER            STATE      NOW  PEAK  TOTAL  FAILED  REFUSED      IN     OUT
                a-name-of-a-liste…  listening    2     3     12       0        0  1.2 kB  999 GB
                """)
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(text([echo], style: OutputStyle(columns: 120)).contains(echo.name))
    }

    @Test func `long numbers fit in 80 columns`() {
        var busy = Self.web
        busy.name = "a-name-of-a-listener-that-is-too-long"
        busy.state = .listening
        busy.connections = 100_000
        busy.peak = 100_000
        busy.total = 9_999_999
        busy.failed = 9_999_999
        busy.refused = [NamedCount(name: "daemon-limit", count: 9_999_999)]
        busy.bytesIn = 99_900_000_000
        busy.bytesOut = 99_900_000_000
        busy.upstreams[1].connections = 100_000
        busy.upstreams[1].weight = 100
        busy.upstreams[1].total = 9_999_999
        busy.upstreams[1].failed = 9_999_999
        busy.upstreams[1].connectTimes = DurationSpread(count: 1, p50: 86_399_999_999, p90: 0, p99: 0)
        #expect(text([busy]).split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(text([busy]))")
    }

    @Test func `text from outside cannot control the terminal`() {
        var echo = Self.echo
        echo.name = "\u{1b}[31m"
        echo.addresses = ["unix:///\u{7}"]
        echo.waitsFor = ["\u{202e}"]
        var upstream = UpstreamStatus(address: "\u{9b}2J")
        upstream.weight = 0
        echo.upstreams = [upstream]
        echo.refused = [NamedCount(name: "\u{8}", count: 1)]
        var daemon = DaemonStatus.sample()
        daemon.version = "\u{1b}c"
        daemon.configuration = "/\u{1b}c"
        daemon.reload = ReloadOutcome(time: 0, reason: "\u{1b}c")
        let text = text([echo], daemon, style: OutputStyle(columns: 200))
        #expect(text == TerminalText.safe(text).replacing("\\u{A}", with: "\n"))
    }

    @Test func `colours mark titles, failures and what is unusual`() {
        let style = OutputStyle(columns: 80, isColoured: true)
        let coloured = text([Self.web, Self.bus], style: style)
        #expect(coloured.contains("\u{1b}[1mLISTENER\u{1b}[m  "))
        #expect(coloured.contains("\u{1b}[33mpaused\u{1b}[m   "))
        #expect(coloured.contains("\u{1b}[31m12\u{1b}[m"))
        #expect(coloured.contains("\u{1b}[31mdown (backup)\u{1b}[m"))
        let plain = coloured.replacing(#/\u{1b}\[\d*m/#, with: "")
        #expect(plain == text([Self.web, Self.bus]), "colours do not change the layout")
    }
}
