// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("90s", Duration.seconds(90), "1m30s"), ("5m", .seconds(300), "5m"), ("1h30m", .seconds(5400), "1h30m"),
        ("250ms", .milliseconds(250), "250ms"), ("1d1h1m1s1ms", .milliseconds(90_061_001), "1d1h1m1s1ms"),
        ("0s", .zero, "0s"), ("007s", .seconds(7), "7s"), ("1500ms", .milliseconds(1500), "1s500ms"),
        ("9223372036854775807ms", .milliseconds(Int64.max), "106751991167d7h12m55s807ms"),
    ])
    func readsAndPrints(text: String, duration: Duration, canonical: String) throws {
        #expect(try DurationText.parse(text) == duration)
        #expect(DurationText.format(duration) == canonical)
        #expect(try DurationText.parse(canonical) == duration)
    }

    @Test(arguments: [
        "", " ", "s", "90", "-5s", "+5s", "1.5s", "1,5s", "5 s", "5s ", " 5s", "5S", "5sec", "1m1h", "1s1s", "1ms1s",
        "1h30",
        "9223372036854775808ms", "9223372036854775807s", "9223372036854775807ms1ms", "1h1h1h", "５s", "5µs", "1e3s",
        "0x5s",
    ])
    func refuses(text: String) {
        let mistake = #expect(throws: DurationText.Mistake.self) { try DurationText.parse(text) }
        if let range = mistake?.range { #expect(range.lowerBound >= 0 && range.upperBound <= text.utf8.count) }
        #expect(mistake?.help.isEmpty == false)
    }
}
