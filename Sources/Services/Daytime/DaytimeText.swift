// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

extension [UInt8] {
    private static let weekdays: [StaticString] = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    private static let months: [StaticString] = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    /// Appends the date and time as one line of ASCII with CR LF: `Sunday, November 22, 2026 12:03:04-UTC`.
    ///
    /// The format is the first of the two that RFC 867 suggests, `Weekday, Month Day, Year Time-Zone`. The words are English
    /// in every locale, as in the RFC.
    mutating func append(daytimeOf time: CivilTime) {
        append(Self.weekdays[time.weekday])
        append(", ")
        append(Self.months[time.month - 1])
        append(" ")
        append(decimal: UInt64(time.day))
        append(", ")
        append(decimal: UInt64(time.year))
        append(" ")
        append(twoDigits: time.hour)
        append(":")
        append(twoDigits: time.minute)
        append(":")
        append(twoDigits: time.second)
        append("-UTC\r\n")
    }

    private mutating func append(twoDigits number: Int) {
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / 10))
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
    }
}
