// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct ExplainTextTests {
    private func text(_ verdicts: [Verdict]) -> String {
        ExplainText(
            ControlResults.Explain(connections: 40, limit: 10000, verdicts: verdicts), for: "192.0.2.7", OutputStyle()
        ).text
    }

    @Test func `each listener has its verdict, its reason and its upstreams`() {
        var echo = Verdict(listener: "echo", service: "echo", outcome: .accepted)
        (echo.connections, echo.limit, echo.addresses) = (12, 2000, ["tcp://[::]:7007"])
        var full = Verdict(listener: "full", service: "echo", outcome: .refused)
        (full.connections, full.limit, full.addresses) = (6, 6, ["tcp://192.0.2.1:7"])
        full.reason = "max-connections of the listener (6)"
        var front = Verdict(listener: "front", service: "forward", outcome: .accepted)
        (front.addresses, front.balance, front.upstream) = (["tcp://[::]:443"], "source-hash", "tcp://10.0.0.6:443")
        front.upstreams = ["tcp://10.0.0.5:443", "tcp://10.0.0.6:443"].map { UpstreamStatus(address: $0) }
        front.upstreams[0].state = .down
        front.upstreams[1].limit = 100
        front.upstreams[1].backup = true
        var proxied = front
        (proxied.listener, proxied.upstream, proxied.proxyHeader, proxied.upstreams) = ("lb", nil, true, [])
        var local = Verdict(listener: "local", service: "echo", outcome: .unreachable)
        local.reason = "it listens on loopback addresses, which only this host can reach"
        let lines = text([echo, full, front, proxied, local])
        #expect(
            lines == """
                a connection from 192.0.2.7, now (the daemon has 40 of 10000 connections)

                LISTENER  VERDICT      NOW  LIMIT
                echo      accepted      12   2000
                  echo at tcp://[::]:7007
                full      refused        6      6
                  max-connections of the listener (6)
                  echo at tcp://192.0.2.1:7
                front     accepted       0      -
                  forward at tcp://[::]:443
                  it would get tcp://10.0.0.6:443, by source-hash
                  UPSTREAM            STATE        WEIGHT  NOW  LIMIT
                  tcp://10.0.0.5:443  down              1    0      -
                  tcp://10.0.0.6:443  up (backup)       1    0    100
                lb        accepted       0      -
                  forward at tcp://[::]:443
                  it has to begin with a PROXY header, which is believed
                  the client that the PROXY header names decides which upstream it gets, by
                    source-hash
                  UPSTREAM  STATE  WEIGHT  NOW  LIMIT
                local     unreachable    0      -
                  it listens on loopback addresses, which only this host can reach

                """)
        #expect(lines.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func `names from outside cannot control the terminal`() {
        var verdict = Verdict(listener: "a\u{1b}", service: "\u{7}", outcome: .refused)
        verdict.reason = "b\u{1b}[31m"
        verdict.addresses = ["unix:///\u{9b}"]
        #expect(
            text([verdict]).unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
    }
}
