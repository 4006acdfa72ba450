// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// Formats times, and caches the text of the current second.
///
/// Records come in bursts, so usually only the fraction changes.
struct RecordClock {
    /// The time zone that is shown.
    enum Zone {
        /// UTC, which RFC 3339 marks with `Z`.
        case utc

        /// The host's local time, for a person at a terminal.
        case local

        /// A fixed offset in seconds east of UTC.
        case fixed(seconds: Int)
    }

    private let zone: Zone
    private var second = UInt64.max
    /// `2026-01-02T03:04:05.` of `second`.
    private var text: [UInt8] = []
    /// `03:04:05.` of it.
    private var timeOfDay: [UInt8] = []

    /// Makes a clock for a zone.
    init(zone: Zone = .utc) {
        self.zone = zone
    }

    /// Appends `2026-01-02T03:04:05.123456Z` (RFC 3339). The zone must be UTC.
    mutating func appendMicroseconds(of time: UInt64, to bytes: inout ByteOutput) {
        let nanoseconds = advance(to: time)
        bytes.append(bytes: text)
        bytes.append(decimal: nanoseconds / 1000, digits: 6)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// Appends `2026-01-02T03:04:05.123Z` (RFC 3339). The zone must be UTC.
    mutating func appendMilliseconds(of time: UInt64, to bytes: inout ByteOutput) {
        let nanoseconds = advance(to: time)
        bytes.append(bytes: text)
        bytes.append(decimal: nanoseconds / 1_000_000, digits: 3)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// Appends `03:04:05.123`.
    mutating func appendTimeOfDay(of time: UInt64, to bytes: inout ByteOutput) {
        let nanoseconds = advance(to: time)
        bytes.append(bytes: timeOfDay)
        bytes.append(decimal: nanoseconds / 1_000_000, digits: 3)
    }

    /// Updates the cached text to the second of `time`.
    ///
    /// - Returns: the nanoseconds within that second.
    private mutating func advance(to time: UInt64) -> UInt32 {
        let second = time / 1_000_000_000
        if second != self.second { show(second) }
        return UInt32(truncatingIfNeeded: Clock.span(from: second &* 1_000_000_000, to: time))
    }

    private mutating func show(_ second: UInt64) {
        self.second = second
        let shown = Int(second) + offset(at: second)
        let days = shown >= 0 ? shown / 86400 : (shown - 86399) / 86400
        let date = CivilTime.date(fromDays: days)
        let secondOfDay = shown - days * 86400
        text = [UInt8](capacity: 20) { text in
            text.append(decimal: UInt32(truncatingIfNeeded: date.year), digits: 4)
            text.append(UInt8(ascii: "-"))
            text.append(decimal: UInt32(truncatingIfNeeded: date.month), digits: 2)
            text.append(UInt8(ascii: "-"))
            text.append(decimal: UInt32(truncatingIfNeeded: date.day), digits: 2)
            text.append(UInt8(ascii: "T"))
            text.append(decimal: UInt32(truncatingIfNeeded: secondOfDay / 3600), digits: 2)
            text.append(UInt8(ascii: ":"))
            text.append(decimal: UInt32(truncatingIfNeeded: secondOfDay / 60 % 60), digits: 2)
            text.append(UInt8(ascii: ":"))
            text.append(decimal: UInt32(truncatingIfNeeded: secondOfDay % 60), digits: 2)
            text.append(UInt8(ascii: "."))
        }
        timeOfDay = Array(text[11...])
    }

    private func offset(at second: UInt64) -> Int {
        switch zone {
        case .utc: return 0
        case .fixed(let seconds): return seconds
        case .local: return CivilTime.localOffset(at: second)
        }
    }
}
