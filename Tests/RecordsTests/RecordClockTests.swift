// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Testing

@testable import Records

@Suite struct RecordClockTests {
    private static func microseconds(_ time: UInt64) -> String {
        var clock = RecordClock()
        let bytes = [UInt8](capacity: 64) { clock.appendMicroseconds(of: time, to: &$0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"),
        (999, "1970-01-01T00:00:00.000000Z"),
        (1000, "1970-01-01T00:00:00.000001Z"),
        (999_999_999, "1970-01-01T00:00:00.999999Z"),
        (951_782_399_000_000_000, "2000-02-28T23:59:59.000000Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000000Z"),
        (951_868_800_000_000_000, "2000-03-01T00:00:00.000000Z"),
        (Samples.time, "2026-01-02T03:04:05.678901Z"),
        (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000Z"),
        (UInt64.max, "2554-07-21T23:34:33.709551Z"),
    ])
    func aTimeIsWrittenAsRFC3339HasIt(time: UInt64, text: String) {
        #expect(Self.microseconds(time) == text)
    }

    @Test func datesAgreeWithTheCLibraryOverFourCenturies() {
        // Each day from 1970 to 2370, so every leap rule is met.
        for day in 0..<146_097 {
            var time = time_t(day * 86400)
            var parts = tm()
            gmtime_r(&time, &parts)
            let date = CivilTime.date(fromDays: day)
            guard date.year == Int(parts.tm_year) + 1900, date.month == Int(parts.tm_mon) + 1,
                date.day == Int(parts.tm_mday)
            else {
                Issue.record("day \(day) became \(date)")
                return
            }
        }
    }

    @Test func theKeptSecondNeverShowsInAnother() {
        var clock = RecordClock()
        let times: [UInt64] = [
            1_000_000_000, 1_999_999_999, 2_000_000_000, 1_500_000_000, 61_000_000_000, 1_000_000_000,
        ]
        for time in times {
            let bytes = [UInt8](capacity: 64) { clock.appendMicroseconds(of: time, to: &$0) }
            #expect(String(decoding: bytes, as: UTF8.self) == Self.microseconds(time))
        }
    }

    @Test(arguments: [
        (0, "03:04:05.678"), (3600, "04:04:05.678"), (-4 * 3600, "23:04:05.678"), (19800, "08:34:05.678"),
    ])
    func theTimeOfDayFollowsTheZone(offset: Int, text: String) {
        var clock = RecordClock(zone: .fixed(seconds: offset))
        let bytes = [UInt8](capacity: 64) { clock.appendTimeOfDay(of: Samples.time, to: &$0) }
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test func theLocalZoneIsThatOfTheCLibrary() {
        var time = time_t(Samples.time / 1_000_000_000)
        var parts = tm()
        localtime_r(&time, &parts)
        var local = RecordClock(zone: .local)
        var fixed = RecordClock(zone: .fixed(seconds: parts.tm_gmtoff))
        let one = [UInt8](capacity: 64) { local.appendTimeOfDay(of: Samples.time, to: &$0) }
        let other = [UInt8](capacity: 64) { fixed.appendTimeOfDay(of: Samples.time, to: &$0) }
        #expect(one == other)
    }

    @Test func aTimeBefore1970InItsZoneHasADate() {
        var clock = RecordClock(zone: .fixed(seconds: -3600))
        let bytes = [UInt8](capacity: 64) { clock.appendTimeOfDay(of: 0, to: &$0) }
        #expect(String(decoding: bytes, as: UTF8.self) == "23:00:00.000")
    }
}
