// SPDX-License-Identifier: Apache-2.0

/// A date and time of day in the Gregorian calendar, in UTC.
struct CivilTime: Equatable {
    /// The year, from 1970 on.
    var year: Int
    /// 1 to 12.
    var month: Int
    /// 1 to 31.
    var day: Int
    /// 0 for Sunday to 6.
    var weekday: Int
    /// 0 to 23.
    var hour: Int
    /// 0 to 59.
    var minute: Int
    /// 0 to 59: the kernel's clock has no leap seconds.
    var second: Int
}

extension CivilTime {
    /// Converts nanoseconds since 1970-01-01T00:00:00Z.
    ///
    /// The computation uses eras of 400 years that begin on 1 March, so that the leap day is the last day of its year and
    /// the days before month m are linear: (153 m + 2) / 5.
    init(nanoseconds: UInt64) {
        let seconds = Int(nanoseconds / 1_000_000_000)
        let days = seconds / 86_400
        let daysPerEra = 146_097
        // 719 468 days lie between 0000-03-01 and 1970-01-01.
        let shifted = days + 719_468
        let era = shifted / daysPerEra
        let dayOfEra = shifted % daysPerEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        // 1970-01-01 was a Thursday.
        weekday = (days + 4) % 7
        hour = seconds % 86_400 / 3600
        minute = seconds % 3600 / 60
        second = seconds % 60
    }
}
