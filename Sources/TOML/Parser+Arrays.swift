// SPDX-License-Identifier: Apache-2.0

extension Parser {
    /// Parses the next array, which is nested `depth` levels deep.
    mutating func array(depth: Int) -> TOMLValue {
        let start = lexer.offset
        let reportsBefore = lexer.problems.reportCount
        lexer.offset += 1
        var elements: [TOMLValue] = []
        var state = ListState.opened
        while true {
            let elementEnd = lexer.offset
            let lineBreak = lexer.skipGap()
            if lexer.next == nil {
                return unclosedArray(start: start, reportsBefore: reportsBefore, resumeAt: lexer.offset)
            }
            if let lineBreak, lexer.isStatementNext {
                return unclosedArray(start: start, reportsBefore: reportsBefore, resumeAt: lineBreak)
            }
            if lexer.take(ASCII.rightBracket) {
                let range = SourceRange(start: start, end: lexer.offset)
                return TOMLValue(content: .array(elements), range: range)
            }
            if lexer.next == ASCII.comma {
                comma(in: &state, expected: "a value or `]`")
                continue
            }
            if state == .afterElement {
                guard lineBreak != nil, isValueNext else {
                    lexer.reportUnexpected(
                        expected: "`,` or `]`", help: "put a `,` between the elements of an array, and `]` at its end")
                    lexer.skipElement(until: ASCII.rightBracket)
                    state = .afterMistake
                    continue
                }
                reportMissingComma(at: elementEnd)
            }
            let element = value(depth: depth)
            elements.append(element)
            state = .afterElement
            if case .invalid = element.content {
                lexer.skipElement(until: ASCII.rightBracket)
                state = .afterMistake
            }
        }
    }

    /// Skips the next comma; reports it if there is no element before it.
    mutating func comma(in state: inout ListState, expected: String) {
        if state == .opened || state == .afterComma {
            lexer.reportUnexpected(expected: expected, help: "remove this `,`, or put something before it")
            state = .afterMistake
        } else {
            state = .afterComma
        }
        lexer.offset += 1
    }

    /// Gives up an array that is never closed. Parsing continues at `resumeAt`.
    private mutating func unclosedArray(start: Int, reportsBefore: Int, resumeAt: Int) -> TOMLValue {
        lexer.offset = resumeAt
        // After a mistake within the array, the missing bracket was probably in the skipped part.
        if lexer.problems.reportCount == reportsBefore {
            lexer.report(
                TOMLProblem(
                    message: "this array is not closed", help: "put `]` behind its last element",
                    range: SourceRange(start: start, end: start + 1)))
        }
        return invalid(from: start)
    }

    private mutating func reportMissingComma(at offset: Int) {
        lexer.report(
            TOMLProblem(
                message: "expected `,` after this element", help: "put a `,` between the elements of an array",
                range: SourceRange(start: offset, end: offset)))
    }

    /// Whether the next byte may begin a value.
    private var isValueNext: Bool {
        guard let next = lexer.next else { return false }
        return next == ASCII.leftBracket || next == ASCII.leftBrace || ASCII.isQuote(next)
            || !ASCII.endsBareValue(next)
    }
}
