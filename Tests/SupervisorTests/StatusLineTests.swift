// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervisor

@Suite struct StatusLineTests {
    private static let morning: UInt64 = 36_600_000_000_000
    private static let afternoon: UInt64 = (13 * 3600 + 5 * 60 + 59) * 1_000_000_000

    @Test(arguments: [
        (1, 0, StatusLine.Phase.serving(reloaded: nil, failure: nil), "1 listener, 0 connections"),
        (5, 1283, .serving(reloaded: nil, failure: nil), "5 listeners, 1 283 connections"),
        (2, 1, .serving(reloaded: afternoon, failure: nil), "2 listeners, 1 connection; reloaded 13:05"),
        (2, 1, .serving(reloaded: morning, failure: nil), "2 listeners, 1 connection; reloaded 10:10"),
        (
            2, 1, .serving(reloaded: 86_400_000_000_000 + 60_000_000_000, failure: "a.toml:1:1: no"),
            "2 listeners, 1 connection; reload at 00:01 failed, the old configuration is in force: a.toml:1:1: no"
        ),
        (2, 1, .draining(seconds: 30), "draining: waiting up to 30 seconds for 1 connection"),
        (2, 2000, .draining(seconds: 1), "draining: waiting up to 1 second for 2 000 connections"),
        (2, 0, .draining(seconds: 18_446_744_073), "draining: waiting up to 18 446 744 073 seconds for 0 connections"),
        (2, 7, .stopping, "stopping"),
    ])
    func `the status line counts listeners and connections`(
        listeners: Int, connections: Int, phase: StatusLine.Phase, text: String
    ) {
        #expect(StatusLine(listeners: listeners, connections: connections, phase: phase).text == text)
    }

    private static func line(
        _ listeners: Int, _ connections: Int, waiting: [StatusLine.Waiting] = [], down: [StatusLine.Down] = []
    ) -> String {
        let phase = StatusLine.Phase.serving(reloaded: 12 * 3_600_000_000_000 + 180_000_000_000, failure: nil)
        return StatusLine(listeners: listeners, connections: connections, waiting: waiting, down: down, phase: phase)
            .text
    }

    @Test func `the status line names waiting listeners and upstreams that are down`() {
        #expect(
            Self.line(
                7, 12, waiting: [.init(listener: "ssh", reason: "address in use, retrying")],
                down: [.init(listener: "front", down: 1, all: 2)])
                == "6 of 7 listeners (ssh: address in use, retrying), 12 connections, 1 of 2 upstreams of front down;"
                + " reloaded 12:03")
    }

    @Test func `the status line omits what works`() {
        #expect(Self.line(7, 12) == "7 listeners, 12 connections; reloaded 12:03")
        #expect(
            Self.line(7, 12, down: [.init(listener: "front", down: 1, all: 1)])
                == "7 listeners, 12 connections, 1 of 1 upstream of front down; reloaded 12:03")
    }

    @Test func `a listener that waits for two things counts once`() {
        let waiting = ["can0 down, waiting", "can1 missing, waiting"].map {
            StatusLine.Waiting(listener: "bus", reason: $0)
        }
        #expect(
            Self.line(2, 0, waiting: waiting)
                == "1 of 2 listeners (bus: can0 down, waiting; bus: can1 missing, waiting), 0 connections; reloaded 12:03"
        )
    }

    @Test func `the status line names three listeners and counts the rest`() {
        let waiting = (1...5).map { StatusLine.Waiting(listener: "l\($0)", reason: "no") }
        let down = (1...5).map { StatusLine.Down(listener: "f\($0)", down: $0, all: 9) }
        #expect(
            Self.line(1200, 0, waiting: waiting, down: down)
                == "1 195 of 1 200 listeners (l1: no; l2: no; l3: no; 2 more), 0 connections, 1 of 9 upstreams of f1 down,"
                + " 2 of 9 upstreams of f2 down, 3 of 9 upstreams of f3 down, some of 2 more listeners down; reloaded 12:03"
        )
    }

    @Test(arguments: [
        (1, 0, "1 of 4 upstreams of front down"), (0, 2, "2 of 4 upstreams of front drained or disabled"),
        (1, 2, "1 of 4 upstreams of front down and 2 drained or disabled"),
    ])
    func `the status line tells what is down from what an operator has taken out`(
        down: Int, withdrawn: Int, words: String
    ) {
        let down = StatusLine.Down(listener: "front", down: down, all: 4, withdrawn: withdrawn)
        #expect(Self.line(2, 0, down: [down]) == "2 listeners, 0 connections, \(words); reloaded 12:03")
    }

    @Test(arguments: [(0, "00:00"), (59_999_999_999, "00:00"), (60_000_000_000, "00:01"), (UInt64.max, "23:34")])
    func `the status line has the time of the last reload`(nanoseconds: UInt64, text: String) {
        #expect(StatusLine.clock(nanoseconds) == text)
    }
}
