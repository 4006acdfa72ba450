// SPDX-License-Identifier: Apache-2.0

/// A time of day without a time zone (RFC 3339, `partial-time`).
public struct LocalTime: Sendable, Hashable {
    /// The hour, 0 to 23.
    public var hour: Int
    /// The minute, 0 to 59.
    public var minute: Int
    /// The second, 0 to 60: RFC 3339 allows for leap seconds.
    public var second: Int
    /// The fraction of the second, 0 to 999 999 999 nanoseconds. Further digits are truncated, as TOML 1.0 requires.
    public var nanosecond: Int

    /// Makes a time of day; nil if one of its parts is out of range.
    public init?(hour: Int, minute: Int, second: Int, nanosecond: Int = 0) {
        guard (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second),
            (0...999_999_999).contains(nanosecond)
        else { return nil }
        self.hour = hour
        self.minute = minute
        self.second = second
        self.nanosecond = nanosecond
    }
}

extension LocalTime: CustomStringConvertible {
    /// The time as `HH:MM:SS`, with as many digits of a fraction as it needs.
    public var description: String {
        let time = "\(decimal(hour, width: 2)):\(decimal(minute, width: 2)):\(decimal(second, width: 2))"
        guard nanosecond != 0 else { return time }
        var fraction = decimal(nanosecond, width: 9)
        while fraction.last == "0" { fraction.removeLast() }
        return "\(time).\(fraction)"
    }
}
