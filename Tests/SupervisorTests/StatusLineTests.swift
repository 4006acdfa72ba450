// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervisor

@Suite struct StatusLineTests {
    private static let afternoon: UInt64 = (13 * 3600 + 5 * 60 + 59) * 1_000_000_000

    @Test(arguments: [
        (1, 0, StatusLine.Doing.serving(reloaded: nil, failure: nil), "1 listener, 0 connections"),
        (5, 1283, .serving(reloaded: nil, failure: nil), "5 listeners, 1 283 connections"),
        (2, 1, .serving(reloaded: afternoon, failure: nil), "2 listeners, 1 connection; reloaded 13:05"),
        (
            2, 1, .serving(reloaded: 86_400_000_000_000 + 60_000_000_000, failure: "a.toml:1:1: no"),
            "2 listeners, 1 connection; reload at 00:01 failed, the old configuration is in force: a.toml:1:1: no"
        ),
        (2, 1, .draining(seconds: 30), "stopping: 1 connection may end within 30 seconds"),
        (2, 2000, .draining(seconds: 1), "stopping: 2 000 connections may end within 1 second"),
        (2, 0, .draining(seconds: 18_446_744_073), "stopping: 0 connections may end within 18 446 744 073 seconds"),
        (2, 7, .stopping, "stopping"),
    ])
    func `says what a person wants to know`(listeners: Int, connections: Int, doing: StatusLine.Doing, text: String) {
        #expect(StatusLine(listeners: listeners, connections: connections, doing: doing).text == text)
    }

    @Test(arguments: [
        (["can0 (down)"], "2 listeners, 1 connection, waiting for can0 (down); reloaded 13:05"),
        (
            ["can0 (down)", "can1 (missing)"],
            "2 listeners, 1 connection, waiting for can0 (down) and can1 (missing); reloaded 13:05"
        ),
    ])
    func `says what listeners wait for`(awaited: [String], text: String) {
        let doing = StatusLine.Doing.serving(reloaded: Self.afternoon, failure: nil)
        #expect(StatusLine(listeners: 2, connections: 1, awaited: awaited, doing: doing).text == text)
    }

    @Test(arguments: [
        (0, "0"), (7, "7"), (999, "999"), (1000, "1 000"), (12_345, "12 345"), (123_456, "123 456"),
        (1_234_567, "1 234 567"), (-5, "-5"), (-123, "-123"), (-1234, "-1 234"),
        (Int.max, "9 223 372 036 854 775 807"), (Int.min, "-9 223 372 036 854 775 808"),
    ])
    func `groups digits by three`(number: Int, text: String) {
        #expect(StatusLine.grouped(number) == text)
    }

    @Test(arguments: [(0, "00:00"), (59_999_999_999, "00:00"), (60_000_000_000, "00:01"), (UInt64.max, "23:34")])
    func `shows the time of day`(nanoseconds: UInt64, text: String) {
        #expect(StatusLine.clock(nanoseconds) == text)
    }
}
