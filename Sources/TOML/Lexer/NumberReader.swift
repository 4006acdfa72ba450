// SPDX-License-Identifier: Apache-2.0

/// Parses integers and floats (TOML 1.0.0, sections Integer and Float).
struct NumberReader {
    private let word: ArraySlice<UInt8>
    private var offset: Int

    /// Parses `word` as a number; nil if it does not even start like one.
    static func read(_ word: ArraySlice<UInt8>) -> Result<TOMLValue.Content, BareValue.Mistake>? {
        var reader = NumberReader(word: word, offset: word.startIndex)
        return reader.number()
    }

    private mutating func number() -> Result<TOMLValue.Content, BareValue.Mistake>? {
        let isNegative = next == ASCII.hyphen
        let isSigned = isNegative || next == ASCII.plus
        if isSigned { offset += 1 }
        if rest.elementsEqual("inf".utf8) { return .success(.float(isNegative ? -.infinity : .infinity)) }
        if rest.elementsEqual("nan".utf8) { return .success(.float(isNegative ? -.nan : .nan)) }
        guard let first = next, ASCII.isDigit(first) || first == ASCII.period else { return nil }
        if first == ASCII.zero, let radix = radix(named: byte(ahead: 1)) {
            return integer(radix: radix, isSigned: isSigned)
        }
        return decimal(isNegative: isNegative)
    }

    // MARK: Decimal numbers

    private mutating func decimal(isNegative: Bool) -> Result<TOMLValue.Content, BareValue.Mistake> {
        let whole = offset
        guard skipDigits() else { return malformed() }
        let wholeEnd = offset
        if take(ASCII.period), !skipDigits() { return malformed() }
        if let byte = next, byte | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if next == ASCII.plus || next == ASCII.hyphen { offset += 1 }
            guard skipDigits() else { return malformed() }
        }
        guard offset == word.endIndex else { return malformed() }
        guard wholeEnd == whole + 1 || word[whole] != ASCII.zero else {
            return mistake("begins with a zero", help: "remove the zeros before it; octal numbers begin with `0o`")
        }
        return offset == wholeEnd ? decimalInteger(from: whole, isNegative: isNegative) : float()
    }

    private func decimalInteger(from start: Int, isNegative: Bool) -> Result<TOMLValue.Content, BareValue.Mistake> {
        var value: Int64 = 0
        for byte in word[start...] where byte != ASCII.underscore {
            let digit = Int64(byte - ASCII.zero)
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            // Subtracting for negative numbers reaches Int64.min, which has no positive counterpart.
            let (sum, carry) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return tooLarge() }
            value = sum
        }
        return .success(.integer(value))
    }

    private func float() -> Result<TOMLValue.Content, BareValue.Mistake> {
        let digits = String(decoding: word.filter { $0 != ASCII.underscore }, as: UTF8.self)
        guard let value = Double(digits) else { return malformed() }
        guard value.isFinite else {
            return mistake("is too large for a float", help: "floats go up to 1.7976931348623157e308; beyond is `inf`")
        }
        return .success(.float(value))
    }

    // MARK: Hexadecimal, octal and binary integers

    private mutating func integer(radix: UInt8, isSigned: Bool) -> Result<TOMLValue.Content, BareValue.Mistake> {
        guard !isSigned else {
            return mistake(
                "has a sign", help: "only decimal numbers have one; write it without, or as a decimal number")
        }
        offset += 2
        let start = offset
        guard skipDigits(radix: radix), offset == word.endIndex else {
            return mistake(
                "is not a number of base \(radix)",
                help: "write `0x`, `0o` or `0b` and then digits of base 16, 8 or 2, single `_` only between digits")
        }
        var value: Int64 = 0
        for byte in word[start...] {
            guard let digit = ASCII.digitValue(byte) else { continue }
            let (product, overflow) = value.multipliedReportingOverflow(by: Int64(radix))
            let (sum, carry) = product.addingReportingOverflow(Int64(digit))
            guard !overflow, !carry else { return tooLarge() }
            value = sum
        }
        return .success(.integer(value))
    }

    private func radix(named letter: UInt8?) -> UInt8? {
        switch letter {
        case UInt8(ascii: "x"): 16
        case UInt8(ascii: "o"): 8
        case UInt8(ascii: "b"): 2
        default: nil
        }
    }

    // MARK: Mistakes

    private func mistake(_ fault: String, help: String) -> Result<TOMLValue.Content, BareValue.Mistake> {
        .failure(BareValue.Mistake(message: "\(Excerpt.quoted(word)) \(fault)", help: help))
    }

    private func tooLarge() -> Result<TOMLValue.Content, BareValue.Mistake> {
        mistake("does not fit into 64 bits", help: "integers go from \(Int64.min) to \(Int64.max)")
    }

    /// Explains what follows the longest prefix that could have become a number.
    private func malformed() -> Result<TOMLValue.Content, BareValue.Mistake> {
        let quotedText = Excerpt.quoted("\"\(String(decoding: word.prefix(200), as: UTF8.self))\"")
        let text = "if it is text, put it in quotes: \(quotedText)"
        guard let next else {
            return mistake("ends in the middle of a number", help: "add the digits that are missing; \(text)")
        }
        switch next {
        case ASCII.underscore:
            return mistake("has a stray `_`", help: "in a number, `_` is allowed only between two digits; \(text)")
        case _ where hasStrayPeriod:
            return mistake("has a stray `.`", help: "in a number, `.` has digits on both sides; \(text)")
        case UInt8(ascii: "X"), UInt8(ascii: "O"), UInt8(ascii: "B"):
            return mistake("is not a number", help: "write the prefix in lower case: `0x`, `0o` or `0b`; \(text)")
        case _ where ASCII.isLetter(next):
            return mistake("is not a number", help: "a value with a unit is text and goes in quotes: \(quotedText)")
        default:
            return mistake("is not a number", help: text)
        }
    }

    /// Whether parsing stopped at or after a period without a digit on one side.
    private var hasStrayPeriod: Bool {
        guard next != ASCII.period else { return offset == word.startIndex || !ASCII.isDigit(word[offset - 1]) }
        return offset > word.startIndex && word[offset - 1] == ASCII.period
    }

    // MARK: Steps

    private init(word: ArraySlice<UInt8>, offset: Int) {
        self.word = word
        self.offset = offset
    }

    private var next: UInt8? { byte(ahead: 0) }

    private var rest: ArraySlice<UInt8> { word[offset...] }

    private func byte(ahead distance: Int) -> UInt8? {
        offset + distance < word.endIndex ? word[offset + distance] : nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    /// Skips one or more digits with single underscores between them.
    ///
    /// Returns false, at the wrong byte, if there are no digits or no digit follows an underscore.
    private mutating func skipDigits(radix: UInt8 = 10) -> Bool {
        repeat {
            guard isDigit(next, radix: radix) else {
                if offset > word.startIndex, word[offset - 1] == ASCII.underscore { offset -= 1 }
                return false
            }
            while isDigit(next, radix: radix) { offset += 1 }
        } while take(ASCII.underscore)
        return true
    }

    private func isDigit(_ byte: UInt8?, radix: UInt8) -> Bool {
        guard let byte, let value = ASCII.digitValue(byte) else { return false }
        return value < radix
    }
}
