// SPDX-License-Identifier: Apache-2.0

/// A date and a time of day without a time zone.
public struct LocalDateTime: Sendable, Hashable {
    /// The day.
    public var date: LocalDate
    /// The time of that day.
    public var time: LocalTime

    /// Joins a date and a time of day.
    public init(date: LocalDate, time: LocalTime) {
        self.date = date
        self.time = time
    }
}

extension LocalDateTime: CustomStringConvertible {
    /// The date and time as `YYYY-MM-DDTHH:MM:SS`, with a fraction where there is one.
    public var description: String { "\(date)T\(time)" }
}
