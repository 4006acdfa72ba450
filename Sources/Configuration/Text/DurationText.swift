// SPDX-License-Identifier: Apache-2.0

/// Parses and formats durations: `250ms`, `90s`, `1h30m`.
public enum DurationText {
    /// Why a text is not a duration: the range of the wrong part in bytes, the message, and the help.
    package struct Mistake: Error, Equatable {
        let range: Range<Int>
        package let message: String
        package let help: String
    }

    private struct Unit {
        let name: String
        let milliseconds: Int64
        /// Other common spellings.
        let aliases: [String]
    }

    /// From the longest to the shortest.
    private static let units = [
        Unit(name: "d", milliseconds: 86_400_000, aliases: ["day", "days"]),
        Unit(name: "h", milliseconds: 3_600_000, aliases: ["hr", "hrs", "hour", "hours"]),
        Unit(name: "m", milliseconds: 60_000, aliases: ["min", "mins", "minute", "minutes"]),
        Unit(name: "s", milliseconds: 1000, aliases: ["sec", "secs", "second", "seconds"]),
        Unit(name: "ms", milliseconds: 1, aliases: ["msec", "msecs", "millis", "millisecond", "milliseconds"]),
    ]

    private static let unitsInWords = "the units are ms, s, m, h and d"

    /// Parses a duration: numbers with units, longer units first, each unit once.
    package static func parse(_ text: String) throws(Mistake) -> Duration {
        let bytes = Array(text.utf8)
        let whole = 0..<bytes.count
        guard !bytes.isEmpty else {
            throw Mistake(range: whole, message: "the duration is empty", help: "write for example \"90s\"")
        }
        var total: Int64 = 0
        var index = 0
        var longest = units.count
        while index < bytes.count {
            let numberStart = index
            while index < bytes.count, isDigit(bytes[index]) { index += 1 }
            let unitStart = index
            while index < bytes.count, !isDigit(bytes[index]) { index += 1 }
            let number = String(decoding: bytes[numberStart..<unitStart], as: UTF8.self)
            let unitText = String(decoding: bytes[unitStart..<index], as: UTF8.self)
            let position = try unit(unitText, after: number, at: unitStart..<index, in: text)
            let unit = units[position]
            guard position >= units.count - longest else { throw outOfOrder(whole) }
            longest = units.count - position - 1
            guard let value = Int64(number), let sum = total.adding(value, times: unit.milliseconds) else {
                throw Mistake(
                    range: numberStart..<index, message: "`\(number)\(unit.name)` is longer than any clock can count",
                    help: "write a shorter duration")
            }
            total = sum
        }
        return .milliseconds(total)
    }

    /// The canonical text of a duration: `1h30m`; `0s` for zero. It parses to the same duration.
    public static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        var rest = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        var text = ""
        for unit in units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text.isEmpty ? "0s" : text
    }

    /// The canonical text of a duration in nanoseconds.
    public static func format(nanoseconds: UInt64) -> String { format(.nanoseconds(Int64(clamping: nanoseconds))) }

    /// The index of a unit in `units`; throws the mistake if there is none.
    private static func unit(
        _ text: String, after number: String, at range: Range<Int>, in source: String
    ) throws(Mistake) -> Int {
        if !number.isEmpty, let index = units.firstIndex(where: { $0.name == text }) { return index }
        let whole = 0..<source.utf8.count
        let meant = meant(text)
        if number.isEmpty {
            throw Mistake(
                range: whole, message: "a duration begins with a number",
                help: withoutFraction(source).map { "write \"\($0)\"" } ?? "write for example \"90s\"")
        }
        if text.isEmpty {
            throw Mistake(
                range: range.lowerBound - number.utf8.count..<range.upperBound, message: "`\(number)` has no unit",
                help: "write for example \"\(number)s\"; \(unitsInWords)")
        }
        if text.hasPrefix(".") || text.hasPrefix(",") {
            throw Mistake(
                range: whole, message: "a duration has no fractions",
                help: withoutFraction(source).map { "write \"\($0)\"" } ?? "write for example \"1s500ms\"")
        }
        throw Mistake(
            range: range, message: "`\(text)` is not a unit of time",
            help: meant.map { "write \"\(number)\($0.name)\"" } ?? unitsInWords)
    }

    /// The unit for a common spelling.
    private static func meant(_ text: String) -> Unit? {
        let trimmed = text.filter { $0 != " " }.lowercased()
        return units.first { $0.name == trimmed || $0.aliases.contains(trimmed) }
    }

    /// The text for a duration with one fraction, such as `1.5h`; nil for anything else, and if milliseconds are not enough.
    private static func withoutFraction(_ text: String) -> String? {
        let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "." || $0 == "," }
        guard parts.count == 2, let whole = Int64(parts[0].isEmpty ? "0" : parts[0]) else { return nil }
        let digits = parts[1].prefix { $0.isASCII && $0.isNumber }
        // At most 9 digits: 10^9 times the milliseconds of a day is below 2^63.
        guard (1...9).contains(digits.utf8.count), let fraction = Int64(digits),
            let unit = meant(String(parts[1].dropFirst(digits.count)))
        else { return nil }
        let scale = repeatElement(Int64(10), count: digits.utf8.count).reduce(1, *)
        let scaled = fraction * unit.milliseconds
        guard scaled % scale == 0, let total = (scaled / scale).adding(whole, times: unit.milliseconds), total > 0
        else {
            return nil
        }
        return format(.milliseconds(total))
    }

    private static func outOfOrder(_ whole: Range<Int>) -> Mistake {
        Mistake(
            range: whole, message: "the units of a duration go from long to short, each once",
            help: "write for example \"1h30m\"")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}

extension Int64 {
    /// `self + value * factor`; nil on overflow.
    fileprivate func adding(_ value: Int64, times factor: Int64) -> Int64? {
        let (product, overflow) = value.multipliedReportingOverflow(by: factor)
        let (sum, overflowInSum) = addingReportingOverflow(product)
        return overflow || overflowInSum ? nil : sum
    }
}
