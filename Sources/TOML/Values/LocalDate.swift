// SPDX-License-Identifier: Apache-2.0

/// A calendar date without a time zone (RFC 3339, `full-date`).
public struct LocalDate: Sendable, Hashable {
    /// The year, 0 to 9999.
    public var year: Int
    /// The month, 1 to 12.
    public var month: Int
    /// The day, from 1 to the last of the month.
    public var day: Int

    /// Makes a date; nil if it does not exist in the Gregorian calendar.
    public init?(year: Int, month: Int, day: Int) {
        guard (0...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= Self.lastDay(ofMonth: month, year: year)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    private static func lastDay(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension LocalDate: CustomStringConvertible {
    /// The date as `YYYY-MM-DD`.
    public var description: String {
        "\(decimal(year, width: 4))-\(decimal(month, width: 2))-\(decimal(day, width: 2))"
    }
}
