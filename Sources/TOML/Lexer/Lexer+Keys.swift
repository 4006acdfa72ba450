// SPDX-License-Identifier: Apache-2.0

extension Lexer {
    /// Parses a key of up to `limit` parts separated by dots. `help` says what to write if there is none.
    mutating func keyPath(
        limit: Int, help: String = "write `key = value`; an empty key is `\"\"`"
    ) -> [KeyPart]? {
        var path: [KeyPart] = []
        repeat {
            skipBlank()
            guard let part = keyPart(expected: path.isEmpty ? "a key" : "a key behind the `.`", help: help) else {
                return nil
            }
            path.append(part)
            guard path.count <= limit else {
                report(
                    "this key is nested too deeply", help: "leave out some of its parts or of the tables around it",
                    from: part.range.start)
                return nil
            }
            skipBlank()
        } while take(ASCII.period)
        return path
    }

    private mutating func keyPart(expected: String, help: String) -> KeyPart? {
        if let quote = next, ASCII.isQuote(quote) { return quotedKeyPart(quote: quote) }
        let start = offset
        skip(while: ASCII.isBareKey)
        let text = bytes[start..<offset]
        if let next, !ASCII.endsBareKey(next) {
            reportStrayCharacter(inKeyFrom: start)
            return nil
        }
        guard !text.isEmpty else {
            reportUnexpected(expected: expected, help: help)
            return nil
        }
        return KeyPart(text: String(decoding: text, as: UTF8.self), range: SourceRange(start: start, end: offset))
    }

    /// Reports the next character, which a bare key cannot contain, and skips the rest of the key.
    private mutating func reportStrayCharacter(inKeyFrom start: Int) {
        let stray = nextDescription
        let range = nextRange
        skip { !ASCII.isBlank($0) && !ASCII.isControl($0) && $0 != ASCII.equals && $0 != ASCII.rightBracket }
        let key = bytes[start..<offset]
        let text = String(decoding: key, as: UTF8.self)
        let help: String
        if let plain = Excerpt.withoutCurlyQuotes(text), !plain.isEmpty {
            help = "write the key as `\(Excerpt.written(plain))`: TOML knows straight quotes alone"
        } else {
            let quoted = key.contains(where: ASCII.isQuote) ? "" : ": `\(Excerpt.written(text))`"
            help = "put the key in quotes\(quoted); without them it has only the letters a to z, digits, `_` and `-`"
        }
        report(
            TOMLProblem(message: "a key without quotes may not contain \(stray)", help: help, range: range))
    }

    private mutating func quotedKeyPart(quote: UInt8) -> KeyPart? {
        let start = offset
        if isNext(quote, count: 3) {
            // Skip all of it, so that the lines of a long one are not parsed as statements.
            muted { _ = $0.string(openedBy: quote) }
            if offset == bytes.count { offset = start + 3 }
            report(
                TOMLProblem(
                    message: "a key cannot be a multi-line string", help: "put the key between single marks",
                    range: SourceRange(start: start, end: start + 3)))
            return nil
        }
        guard let text = string(openedBy: quote) else { return nil }
        return KeyPart(text: text, range: SourceRange(start: start, end: offset))
    }
}
