// SPDX-License-Identifier: Apache-2.0

extension Lexer {
    /// One of the four forms of a string.
    private struct StringForm {
        /// The quote that opens and closes it.
        var quote: UInt8
        /// Whether it has three quotes at both ends and may contain line breaks.
        var isMultiline: Bool
        /// Whether a backslash begins an escape.
        var hasEscapes: Bool { quote == ASCII.quotationMark }

        /// The quote repeated `count` times, for messages.
        func marks(_ count: Int) -> String {
            String(repeating: hasEscapes ? "\"" : "'", count: count)
        }
    }

    /// Parses the next string, in any form.
    mutating func string(openedBy quote: UInt8) -> String? {
        let start = offset
        let form = StringForm(quote: quote, isMultiline: isNext(quote, count: 3))
        offset += form.isMultiline ? 3 : 1
        // A line break right after the opening quotes is not part of the string.
        if form.isMultiline, isAtLineEnd { skipLineEnd() }

        let reportsBefore = problems.reportCount
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case quote:
                guard takeClosingMarks(of: form, text: &text) else { continue }
                return problems.reportCount == reportsBefore ? String(decoding: text, as: UTF8.self) : nil
            case ASCII.backslash where form.hasEscapes:
                escape(in: form, text: &text)
            case _ where isAtLineEnd:
                guard form.isMultiline else {
                    reportUnclosed(form, start: start)
                    return nil
                }
                let lineBreak = offset
                skipLineEnd()
                text += bytes[lineBreak..<offset]
            case _ where ASCII.isControl(byte):
                skipControlCharacters(
                    in: "a string",
                    help: form.hasEscapes ? #"remove it, or write it as an escape such as `\u001B`"# : "remove it")
            default:
                let plain = offset
                skip { $0 != quote && $0 != ASCII.backslash && !ASCII.isControl($0) }
                // In a form without escapes, a backslash is plain text.
                if offset == plain { offset += 1 }
                text += bytes[plain..<offset]
            }
        }
        reportUnclosed(form, start: start)
        return nil
    }

    /// Reports that the string from `start` is not closed, and skips what seems to belong to it.
    private mutating func reportUnclosed(_ form: StringForm, start: Int) {
        // A multi-line string reaches to the end of the document, so show only its start.
        let end = form.isMultiline ? start + 3 : offset
        let several = form.isMultiline ? "" : "; text of several lines goes between `\(form.marks(3))`"
        report(
            TOMLProblem(
                message: "this string is not closed",
                help: "put `\(form.marks(form.isMultiline ? 3 : 1))` at its end\(several)",
                range: SourceRange(start: start, end: end)))
        // Not needed for text that is only probed or skipped; there, looking ahead would recurse without end.
        if !form.isMultiline, !problems.isMuted { skipBrokenString(quote: form.quote) }
    }

    /// Skips the next quotes. Returns whether they close the string; other quotes are added to `text`.
    private mutating func takeClosingMarks(of form: StringForm, text: inout [UInt8]) -> Bool {
        let start = offset
        guard form.isMultiline else {
            offset += 1
            return true
        }
        // Up to two quotes may precede the closing three.
        while offset - start < 5, next == form.quote { offset += 1 }
        let count = offset - start
        text += repeatElement(form.quote, count: count < 3 ? count : count - 3)
        return count >= 3
    }

    /// Parses the next escape: a backslash and what follows.
    private mutating func escape(in form: StringForm, text: inout [UInt8]) {
        let start = offset
        offset += 1
        switch next {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(ASCII.tab)
        case UInt8(ascii: "n"): text.append(ASCII.lineFeed)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "r"): text.append(ASCII.carriageReturn)
        case ASCII.quotationMark: text.append(ASCII.quotationMark)
        case ASCII.backslash: text.append(ASCII.backslash)
        case UInt8(ascii: "u"): return unicodeEscape(start: start, digits: 4, text: &text)
        case UInt8(ascii: "U"): return unicodeEscape(start: start, digits: 8, text: &text)
        default:
            // The caller handles the end of the line.
            if form.isMultiline ? skipLineContinuation() : isAtLineEnd { return }
            offset += UTF8Text.scalar(at: offset, in: bytes)?.length ?? 0
            report(
                "\(Excerpt.quoted(bytes[start..<offset])) is not an escape",
                help: #"write `\\` for a backslash, or put the text between apostrophes, where a backslash is itself"#,
                from: start)
            return
        }
        offset += 1
    }

    /// Parses the hexadecimal digits of a Unicode escape.
    private mutating func unicodeEscape(start: Int, digits: Int, text: inout [UInt8]) {
        offset += 1
        let firstDigit = offset
        var number: UInt32 = 0
        // Eight digits of four bits fit into 32 bits.
        while offset - firstDigit < digits, let byte = next, let digit = ASCII.digitValue(byte) {
            number = number << 4 | UInt32(digit)
            offset += 1
        }
        let written = Excerpt.quoted(bytes[start..<offset])
        guard offset - firstDigit == digits else {
            let name = Excerpt.quoted(bytes[start..<firstDigit])
            return report(
                "\(written) has too few digits", help: "\(name) takes \(digits) hexadecimal digits", from: start)
        }
        guard let scalar = Unicode.Scalar(number) else {
            return report(
                "\(written) is not a Unicode character",
                help: "characters are 0000 to D7FF and E000 to 10FFFF; write one beyond FFFF as a single `\\U` escape",
                from: start)
        }
        text += Array(String(scalar).utf8)
    }

    /// Skips a line continuation: the rest of the line after a backslash, and white space up to the next text.
    ///
    /// Returns false, and skips nothing, if the rest of the line is not blank.
    private mutating func skipLineContinuation() -> Bool {
        let start = offset
        skipBlank()
        guard isAtLineEnd else {
            offset = start
            return false
        }
        while isAtLineEnd, next != nil {
            skipLineEnd()
            skipBlank()
        }
        return true
    }
}
