// SPDX-License-Identifier: Apache-2.0

/// Parses dates and times (RFC 3339, as restricted by TOML 1.0.0).
struct DateTimeReader {
    private typealias Outcome = Result<TOMLValue.Content, BareValue.Mistake>

    private let word: ArraySlice<UInt8>
    private var offset: Int

    /// Whether `word` starts like a date: four digits and a hyphen.
    static func isDateShaped(_ word: ArraySlice<UInt8>) -> Bool {
        word.count > 4 && word.prefix(4).allSatisfy(ASCII.isDigit) && word[word.startIndex + 4] == ASCII.hyphen
    }

    /// Whether `word` starts like a time of day: two digits and a colon.
    static func isTimeShaped(_ word: ArraySlice<UInt8>) -> Bool {
        word.count > 2 && word.prefix(2).allSatisfy(ASCII.isDigit) && word[word.startIndex + 2] == ASCII.colon
    }

    /// Parses `word`, which starts like a date or a time.
    static func read(_ word: ArraySlice<UInt8>) -> Result<TOMLValue.Content, BareValue.Mistake> {
        var reader = DateTimeReader(word: word, offset: word.startIndex)
        do throws(BareValue.Mistake) {
            return .success(isDateShaped(word) ? try reader.dateAndMore() : .localTime(try reader.timeToTheEnd()))
        } catch {
            return .failure(error)
        }
    }

    private init(word: ArraySlice<UInt8>, offset: Int) {
        self.word = word
        self.offset = offset
    }

    private mutating func dateAndMore() throws(BareValue.Mistake) -> TOMLValue.Content {
        let date = try date()
        guard let separator = next else { return .localDate(date) }
        guard separator | 0x20 == UInt8(ascii: "t") || separator == ASCII.space else { throw malformed }
        offset += 1
        let local = LocalDateTime(date: date, time: try time())
        guard next != nil else { return .localDateTime(local) }
        let offsetMinutes = try offsetFromUTC()
        guard next == nil, let instant = OffsetDateTime(local: local, offsetMinutes: offsetMinutes) else {
            throw malformed
        }
        return .offsetDateTime(instant)
    }

    private mutating func date() throws(BareValue.Mistake) -> LocalDate {
        let start = offset
        let year = try number(digits: 4)
        try skip(ASCII.hyphen)
        let month = try number(digits: 2)
        try skip(ASCII.hyphen)
        let day = try number(digits: 2)
        guard let date = LocalDate(year: year, month: month, day: day) else {
            throw BareValue.Mistake(
                message: "\(Excerpt.quoted(word[start..<offset])) is not a day of the calendar",
                help: "dates are year, month and day: `1979-05-27`")
        }
        return date
    }

    private mutating func timeToTheEnd() throws(BareValue.Mistake) -> LocalTime {
        let time = try time()
        guard next == nil else { throw malformed }
        return time
    }

    private mutating func time() throws(BareValue.Mistake) -> LocalTime {
        let start = offset
        let hour = try number(digits: 2)
        try skip(ASCII.colon)
        let minute = try number(digits: 2)
        try skip(ASCII.colon)
        let second = try number(digits: 2)
        let nanosecond = next == ASCII.period ? try fraction() : 0
        guard let time = LocalTime(hour: hour, minute: minute, second: second, nanosecond: nanosecond) else {
            throw BareValue.Mistake(
                message: "\(Excerpt.quoted(word[start..<offset])) is not a time of day",
                help: "times go from `00:00:00` to `23:59:59`")
        }
        return time
    }

    /// Parses a period and digits, as nanoseconds.
    private mutating func fraction() throws(BareValue.Mistake) -> Int {
        offset += 1
        var nanosecond = 0
        var weight = 100_000_000
        guard digit(at: offset) != nil else { throw malformed }
        while let digit = digit(at: offset) {
            nanosecond += digit * weight
            weight /= 10
            offset += 1
        }
        return nanosecond
    }

    private mutating func offsetFromUTC() throws(BareValue.Mistake) -> Int {
        let sign = next
        offset += 1
        switch sign {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"): return 0
        case ASCII.plus, ASCII.hyphen: break
        default: throw malformed
        }
        let hours = try number(digits: 2)
        try skip(ASCII.colon)
        let minutes = try number(digits: 2)
        guard hours < 24, minutes < 60 else {
            throw BareValue.Mistake(
                message: "\(Excerpt.quoted(word)) has an impossible offset from UTC",
                help: "offsets go from `-23:59` to `+23:59`; `Z` is UTC itself")
        }
        return (sign == ASCII.hyphen ? -1 : 1) * (hours * 60 + minutes)
    }

    private var malformed: BareValue.Mistake {
        BareValue.Mistake(
            message: "\(Excerpt.quoted(word)) is not a date or time",
            help:
                "write `1979-05-27`, `07:32:00`, `1979-05-27T07:32:00` or `1979-05-27T07:32:00Z`; other text in quotes"
        )
    }

    private var next: UInt8? { offset < word.endIndex ? word[offset] : nil }

    private func digit(at offset: Int) -> Int? {
        guard offset < word.endIndex, ASCII.isDigit(word[offset]) else { return nil }
        return Int(word[offset] - ASCII.zero)
    }

    private mutating func number(digits: Int) throws(BareValue.Mistake) -> Int {
        var value = 0
        for _ in 0..<digits {
            guard let digit = digit(at: offset) else { throw malformed }
            value = value * 10 + digit
            offset += 1
        }
        return value
    }

    private mutating func skip(_ byte: UInt8) throws(BareValue.Mistake) {
        guard next == byte else { throw malformed }
        offset += 1
    }
}
