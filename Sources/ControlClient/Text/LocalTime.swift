// SPDX-License-Identifier: Apache-2.0

import Records

/// The times of records for people.
package enum LocalTime {
    /// The zone in which times are shown.
    package enum Zone: Sendable {
        /// That of `TZ`, or of this host.
        case local
        case utc

        /// The seconds since 1970 that a clock of the zone shows, of microseconds since then.
        fileprivate func seconds(_ time: UInt64) -> Int {
            let second = time / 1_000_000
            switch self {
            case .local: return Int(clamping: second) + CivilTime.localOffset(at: second)
            case .utc: return Int(clamping: second)
            }
        }
    }

    /// Reads the time of a record, such as `2026-11-30T12:03:04.123456Z`; nil for any other text.
    static func microseconds(ofRecord text: String) -> UInt64? {
        let bytes = Array(text.utf8)
        let shape = Array("0000-00-00T00:00:00.000000Z".utf8)
        guard bytes.count == shape.count else { return nil }
        let zero = UInt8(ascii: "0")
        let isDigit = { (byte: UInt8) in (zero...UInt8(ascii: "9")).contains(byte) }
        guard zip(bytes, shape).allSatisfy({ $1 == zero ? isDigit($0) : $0 == $1 }) else { return nil }
        func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1 - zero) } }
        let days = CivilTime.days(toYear: number(0..<4), month: number(5..<7), day: number(8..<10))
        let seconds = days * 86_400 + number(11..<13) * 3600 + number(14..<16) * 60 + number(17..<19)
        return UInt64(exactly: seconds * 1_000_000 + number(20..<26))
    }

    /// `12:03:04` if that is on the day of `now`, else `Nov 29`, or `2025-11-29` of another year.
    ///
    /// - Parameters:
    ///   - time: in microseconds since 1970.
    ///   - now: the present time, likewise.
    static func text(_ time: UInt64, now: UInt64, zone: Zone) -> String {
        let (then, today) = (zone.seconds(time), zone.seconds(now))
        let (date, todaysDate) = (CivilTime.date(fromDays: days(then)), CivilTime.date(fromDays: days(today)))
        guard date.year == todaysDate.year else {
            return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
        }
        guard date == todaysDate else {
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            return "\(months[date.month - 1]) \(date.day)"
        }
        let second = then - days(then) * 86_400
        return "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
    }

    /// The whole days of seconds, rounded down.
    private static func days(_ seconds: Int) -> Int {
        (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(width - text.utf8.count, 0)) + text
    }
}
