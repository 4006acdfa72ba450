// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Services

@Suite struct DaytimeTextTests {
    private func text(_ seconds: UInt64) -> String {
        var bytes: [UInt8] = []
        bytes.append(daytimeOf: CivilTime(nanoseconds: seconds * 1_000_000_000 + 999_999_999))
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        arguments: [
            (0, "Thursday, January 1, 1970 00:00:00-UTC\r\n"),
            (951_782_399, "Monday, February 28, 2000 23:59:59-UTC\r\n"),
            (951_782_400, "Tuesday, February 29, 2000 00:00:00-UTC\r\n"),
            (951_868_800, "Wednesday, March 1, 2000 00:00:00-UTC\r\n"),
            (1_795_348_984, "Sunday, November 22, 2026 12:03:04-UTC\r\n"),
            (4_107_542_399, "Sunday, February 28, 2100 23:59:59-UTC\r\n"),
            (4_107_542_400, "Monday, March 1, 2100 00:00:00-UTC\r\n"),
            (18_446_744_073, "Sunday, July 21, 2554 23:34:33-UTC\r\n"),
        ] as [(UInt64, String)])
    func `the text has the format that RFC 867 suggests`(seconds: UInt64, line: String) {
        if seconds == 18_446_744_073 {
            // The last second that 64 bits of nanoseconds reach, which has no room for a fraction of its own.
            var bytes: [UInt8] = []
            bytes.append(daytimeOf: CivilTime(nanoseconds: .max))
            #expect(String(decoding: bytes, as: UTF8.self) == line)
        } else {
            #expect(text(seconds) == line)
        }
    }

    @Test func `dates of five centuries agree with Foundation's calendar`() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        // A step that is coprime to the lengths of day, week and year, so that every combination comes up.
        for seconds in stride(from: UInt64(0), to: 18_000_000_000, by: 7_654_321) {
            let time = CivilTime(nanoseconds: seconds * 1_000_000_000)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .weekday, .hour, .minute, .second],
                from: Date(timeIntervalSince1970: TimeInterval(seconds)))
            let expected = CivilTime(
                year: try #require(parts.year), month: try #require(parts.month), day: try #require(parts.day),
                weekday: try #require(parts.weekday) - 1, hour: try #require(parts.hour),
                minute: try #require(parts.minute), second: try #require(parts.second))
            #expect(time == expected)
        }
    }
}
