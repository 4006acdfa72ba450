// SPDX-License-Identifier: Apache-2.0

/// Numbers in words that people read.
package enum Amount {
    /// A number of bytes, by powers of 1000: `340 B`, `1.2 MB`, `250 GB`; at most seven columns.
    package static func bytes(_ count: UInt64) -> String {
        scaled(count, units: [" B", " kB", " MB", " GB", " TB", " PB", " EB"])
    }

    /// A duration with two or three digits, or two units: `340us`, `5.1ms`, `1.2s`, `3m 20s`, `2h 5m`, `3d 4h`.
    package static func duration(microseconds: UInt64) -> String {
        switch microseconds {
        case ..<1000: return "\(microseconds)us"
        case ..<10_000: return tenths(microseconds / 100) + "ms"
        case ..<1_000_000: return "\(microseconds / 1000)ms"
        case ..<10_000_000: return tenths(microseconds / 100_000) + "s"
        default: break
        }
        let seconds = microseconds / 1_000_000
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m \(seconds % 60)s"
        case ..<86_400: return "\(seconds / 3600)h \(seconds / 60 % 60)m"
        default: return "\(seconds / 86_400)d \(seconds / 3600 % 24)h"
        }
    }

    /// A count: every digit, or from ten millions on `12.3M`; at most seven columns.
    package static func count(_ count: UInt64) -> String {
        count < 10_000_000 ? String(count) : scaled(count, units: ["", "k", "M", "G", "T", "P", "E"])
    }

    /// How many there were in a second: `0.4`, `12.3`, `1234`.
    package static func rate(_ count: UInt64, in microseconds: UInt64) -> String {
        let perSecond = perSecond(count, in: microseconds, times: 10)
        return perSecond < 1000 ? tenths(perSecond) : Self.count(perSecond / 10)
    }

    /// How many bytes there were in a second.
    package static func byteRate(_ count: UInt64, in microseconds: UInt64) -> String {
        bytes(perSecond(count, in: microseconds))
    }

    /// A number with its noun: `1 connection`, `12 connections`.
    package static func text(_ count: some BinaryInteger, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// How many there were in a second; the most that fit.
    static func perSecond(_ count: UInt64, in microseconds: UInt64) -> UInt64 {
        perSecond(count, in: microseconds, times: 1)
    }

    private static func perSecond(_ count: UInt64, in microseconds: UInt64, times factor: UInt64) -> UInt64 {
        let (high, low) = count.multipliedFullWidth(by: 1_000_000 * factor)
        // More than 2^64 a second is no number that was measured.
        guard high < microseconds else { return microseconds == 0 ? 0 : .max }
        return microseconds.dividingFullWidth((high, low)).quotient
    }

    /// One decimal place below 100 of a unit, and none above; rounded down.
    private static func scaled(_ count: UInt64, units: [String]) -> String {
        var unit = 0
        var scale: UInt64 = 1
        while unit + 1 < units.count, count / scale >= 1000 {
            scale *= 1000
            unit += 1
        }
        let whole = count / scale
        guard unit > 0, whole < 100 else { return "\(whole)\(units[unit])" }
        return "\(whole).\(count % scale / (scale / 10))\(units[unit])"
    }

    private static func tenths(_ count: UInt64) -> String { "\(count / 10).\(count % 10)" }
}
