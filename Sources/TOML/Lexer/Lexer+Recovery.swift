// SPDX-License-Identifier: Apache-2.0

/// Error recovery: finds where parsing can continue after a mistake.
extension Lexer {
    /// Skips the rest of an element: up to a comma, the bracket `closing` or the end of the line.
    ///
    /// Strings and brackets within it are skipped whole, as far as they are on the line.
    mutating func skipElement(until closing: UInt8) {
        var openBrackets = 0
        while !isAtLineEnd, let byte = next, byte != ASCII.numberSign {
            if openBrackets == 0, byte == ASCII.comma || byte == closing { return }
            skipOne(counting: &openBrackets)
        }
        if next == ASCII.numberSign { skipToLineEnd() }
    }

    /// Skips the next bracket or brace with everything that it encloses, without recursion.
    ///
    /// If it is never closed, stops before the line on which the next statement seems to begin.
    mutating func skipBrackets() {
        var openBrackets = 0
        repeat {
            skipOne(counting: &openBrackets)
            let lineBreak = muted { $0.skipGap() }
            if let lineBreak, isStatementNext {
                offset = lineBreak
                return
            }
        } while openBrackets > 0 && next != nil
    }

    /// Skips the further lines of a string that should have had three quotes, if they seem to end with one.
    ///
    /// Call it at the end of the line on which the string begins.
    mutating func skipBrokenString(quote: UInt8) {
        var probe = self
        for _ in 0..<20 {
            probe.skipLineEnd()
            probe.skipBlank()
            if probe.isAtLineEnd || probe.next == ASCII.numberSign || probe.isStatementNext { return }
            let line = probe.offset
            probe.skipToLineEnd()
            let marks = bytes[line..<probe.offset].count { $0 == quote }
            guard marks == 0 || !marks.isMultiple(of: 2) else { return }
            if let mark = bytes[line..<probe.offset].firstIndex(of: quote) {
                offset = mark + 1
                return
            }
        }
    }

    /// Skips a whole string, or one other byte, and counts open brackets.
    private mutating func skipOne(counting openBrackets: inout Int) {
        guard let byte = next else { return }
        switch byte {
        case ASCII.quotationMark, ASCII.apostrophe:
            muted { _ = $0.string(openedBy: byte) }
            return
        case ASCII.leftBracket, ASCII.leftBrace: openBrackets += 1
        case ASCII.rightBracket, ASCII.rightBrace: openBrackets = max(0, openBrackets - 1)
        default: break
        }
        offset += 1
    }

    /// Whether the next line looks like a statement rather than an element of an array: then the array was never closed.
    var isStatementNext: Bool {
        var probe = self
        probe.problems.isMuted = true
        guard probe.next == ASCII.leftBracket else {
            return probe.keyPath(limit: .max) != nil && probe.next == ASCII.equals
        }
        let brackets = probe.isNext(ASCII.leftBracket, count: 2) ? 2 : 1
        probe.offset += brackets
        guard let name = probe.keyPath(limit: .max), probe.isNext(ASCII.rightBracket, count: brackets) else {
            return false
        }
        probe.offset += brackets
        probe.skipBlank()
        return (probe.isAtLineEnd || probe.next == ASCII.numberSign) && !couldBeValue(name[0])
    }

    /// Whether `part`, alone in brackets, could also be an array with one element.
    private func couldBeValue(_ part: KeyPart) -> Bool {
        let text = bytes[part.range.start..<part.range.end]
        guard let first = text.first, ASCII.isLetter(first) || first == ASCII.underscore else { return true }
        if case .success = BareValue.read(text) { return true }
        return false
    }
}
