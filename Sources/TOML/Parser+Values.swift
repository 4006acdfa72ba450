// SPDX-License-Identifier: Apache-2.0

extension Parser {
    /// Parses the next value, within `depth` levels of tables and arrays.
    ///
    /// The problem of an `invalid` value was reported. The caller skips the rest of it, up to the next separator or the end of
    /// the line.
    mutating func value(depth: Int) -> TOMLValue {
        lexer.skipBlank()
        let start = lexer.offset
        switch lexer.next {
        case ASCII.quotationMark: return string(openedBy: ASCII.quotationMark)
        case ASCII.apostrophe: return string(openedBy: ASCII.apostrophe)
        case ASCII.leftBracket, ASCII.leftBrace:
            guard depth < depthLimit else {
                reportTooDeep()
                return invalid(from: start)
            }
            return lexer.next == ASCII.leftBracket ? array(depth: depth + 1) : inlineTable(depth: depth + 1)
        default: return lexer.bareValue()
        }
    }

    /// An invalid value from `start` to the current offset.
    func invalid(from start: Int) -> TOMLValue {
        TOMLValue(content: .invalid, range: SourceRange(start: start, end: max(start, lexer.offset)))
    }

    /// Reports `conflict`, unless it follows from a mistake that was reported already.
    mutating func report(_ conflict: TableConflict) {
        if let problem = conflict.problem { lexer.report(problem) }
    }

    private mutating func string(openedBy quote: UInt8) -> TOMLValue {
        let start = lexer.offset
        guard let text = lexer.string(openedBy: quote) else { return invalid(from: start) }
        return TOMLValue(content: .string(text), range: SourceRange(start: start, end: lexer.offset))
    }

    private mutating func reportTooDeep() {
        let start = lexer.offset
        lexer.report(
            TOMLProblem(
                message: "this is nested more than \(depthLimit) levels deep", help: "make it flatter",
                range: SourceRange(start: start, end: start + 1)))
        lexer.skipBrackets()
    }
}
