// SPDX-License-Identifier: Apache-2.0

/// An instant: a date and a time of day with their offset from UTC (RFC 3339, `date-time`).
public struct OffsetDateTime: Sendable, Hashable {
    /// The date and time as they were written, in the zone of `offsetMinutes`.
    public var local: LocalDateTime
    /// The offset of the local time from UTC, in minutes: -1439 to 1439.
    public var offsetMinutes: Int

    /// Combines a local date and time with its offset from UTC in minutes; nil if that is a day or more.
    public init?(local: LocalDateTime, offsetMinutes: Int) {
        guard (-1439...1439).contains(offsetMinutes) else { return nil }
        self.local = local
        self.offsetMinutes = offsetMinutes
    }
}

extension OffsetDateTime: CustomStringConvertible {
    /// The text of RFC 3339, with `Z` for UTC.
    public var description: String {
        guard offsetMinutes != 0 else { return "\(local)Z" }
        let (hours, minutes) = abs(offsetMinutes).quotientAndRemainder(dividingBy: 60)
        return "\(local)\(offsetMinutes < 0 ? "-" : "+")\(decimal(hours, width: 2)):\(decimal(minutes, width: 2))"
    }
}
