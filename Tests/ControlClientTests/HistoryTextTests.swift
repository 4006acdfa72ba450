// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct HistoryTextTests {
    /// 2026-11-30T12:03:04Z.
    private static let now: UInt64 = 1_796_040_184_000_000

    private func record(
        _ number: Int, time: String = "2026-11-30T12:03:01.123456Z", listener: String = "front",
        peer: String = "tcp://198.51.100.7:51234"
    ) -> String {
        "{\"time\":\"\(time)\",\"event\":\"close\",\"listener\":\"\(listener)\",\"connection\":\(number),"
            + "\"peer\":\"\(peer)\",\"uid\":1000,\"pid\":4711,\"bytes_in\":64,\"bytes_out\":1536,"
            + "\"duration_us\":1234567,\"reason\":\"idle-timeout\",\"by\":\"daemon\"}"
    }

    private func text(_ records: [String], capacity: Int = 1000, columns: Int = 80) -> String {
        HistoryText.text(
            HistoryList(records: records, capacity: capacity), now: Self.now, zone: .utc, OutputStyle(columns: columns))
    }

    @Test func `ends and refusals are listed`() {
        let refusal =
            "{\"time\":\"2026-11-29T23:59:59.000000Z\",\"event\":\"refused\",\"listener\":\"front\",\"peer\":\"tcp://192.0.2.1:1\","
            + "\"reason\":\"max-connections of the listener (3)\",\"rule\":\"listener.max-connections\"}"
        #expect(
            text([record(42), record(7, time: "2025-12-31T00:00:00.000000Z", peer: "unix://"), refusal]) == """
                TIME        NUMBER  LISTENER  PEER           LASTED    IN     OUT  REASON
                12:03:01        42  front     198.51.100.7     1.2s  64 B  1.5 kB  idle-timeout
                2025-12-31       7  front     pid 4711 uid…    1.2s  64 B  1.5 kB  idle-timeout
                Nov 29           -  front     192.0.2.1           -     -       -  max-connecti…
                3 entries; usherd keeps the last 1000

                """)
    }

    @Test func `an empty list says whether a history is kept`() {
        #expect(text([]) == "no entries\n")
        #expect(text([], capacity: 0) == "usherd keeps no history: history of [daemon] is 0\n")
    }

    @Test func `no line is longer than 80 columns, and nothing reaches the terminal unescaped`() {
        let long = record(
            12_345_678, time: "2026-01-31T00:00:00.000000Z", listener: "a-long-name-of-a-listener",
            peer: "tcp://[2001:db8:1:2:3:4:5:6]:40122")
        let hostile = record(1, listener: "\\u001b[31m", peer: "tcp://\\u001b[2J")
        let lines = text([long, hostile, "not JSON"]).split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines)")
        #expect(!text([hostile]).contains("\u{1b}"))
        #expect(text([long], columns: 200).contains("a-long-name-of-a-listener  2001:db8:1:2:3:4:5:6  "))
    }

    @Test func `JSON has the records as they were sent`() {
        let list = HistoryList(records: ["{\"b\":1,\"a\":2}", "{}"], capacity: 3)
        #expect(list.json == "{\"records\":[{\"b\":1,\"a\":2},{}],\"capacity\":3}")
    }

    @Test(arguments: [
        "", "2026-11-30", "2026-11-30T12:03:01.12345Z", "2026-11-30T12:03:0x.123456Z", "2026-11-30t12:03:01.123456Z",
    ])
    func `a time that no record has is shown as it is`(text: String) {
        #expect(LocalTime.microseconds(ofRecord: text) == nil)
    }

    @Test func `the time of a record is read`() {
        #expect(LocalTime.microseconds(ofRecord: "2026-11-30T12:03:04.000001Z") == Self.now + 1)
        #expect(LocalTime.microseconds(ofRecord: "1970-01-01T00:00:00.000000Z") == 0)
        #expect(LocalTime.microseconds(ofRecord: "2024-02-29T23:59:59.999999Z") == 1_709_251_199_999_999)
    }
}
