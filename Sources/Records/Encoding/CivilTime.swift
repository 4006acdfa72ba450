// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Dates of the Gregorian calendar, and the time zone of this host.
package enum CivilTime {
    /// The date so many days after 1970-01-01.
    ///
    /// Years are counted from 1 March, so that the leap day is the last day of its year, in eras of 400 years.
    package static func date(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// The days from 1970-01-01 to a date; the inverse of ``date(fromDays:)``.
    package static func days(toYear year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// How many seconds the local time is east of UTC at a time in seconds since 1970: `TZ`, tzset(3).
    package static func localOffset(at second: UInt64) -> Int {
        var time = time_t(clamping: second)
        var parts = unsafe tm()
        // unsafe: both pointers live for the call only; localtime_r(3) fills `parts` or returns NULL.
        guard unsafe localtime_r(&time, &parts) != nil else { return 0 }
        return unsafe parts.tm_gmtoff
    }
}
