// SPDX-License-Identifier: Apache-2.0

extension Parser {
    /// Parses the next inline table, which is nested `depth` levels deep.
    mutating func inlineTable(depth: Int) -> TOMLValue {
        let start = lexer.offset
        let reportsBefore = lexer.problems.reportCount
        lexer.offset += 1
        var tree = TableTree(range: SourceRange(start: start, end: start + 1))
        var state = ListState.opened
        var isOnOneLine = true
        while true {
            lexer.skipBlank()
            if lexer.isAtLineEnd || lexer.next == ASCII.numberSign {
                guard goesOnBehindLineBreak(state: state) else {
                    return unclosedInlineTable(start: start, reportsBefore: reportsBefore)
                }
                if isOnOneLine { reportLineBreak() }
                isOnOneLine = false
                _ = lexer.skipGap()
            }
            switch lexer.next {
            case ASCII.rightBrace:
                if state == .afterComma { reportTrailingComma() }
                lexer.offset += 1
                tree.setRootRange(SourceRange(start: start, end: lexer.offset))
                let table = tree.table()
                return TOMLValue(content: .table(table), range: table.range)
            case ASCII.comma:
                comma(in: &state, expected: "a key or `}`")
            case _ where state == .afterElement:
                lexer.reportUnexpected(
                    expected: "`,` or `}`", help: "put a `,` between the keys of an inline table, and `}` at its end")
                lexer.skipElement(until: ASCII.rightBrace)
                state = .afterMistake
            default:
                state = inlineEntry(depth: depth, tree: &tree)
            }
        }
    }

    /// Parses `key = value` into `tree`. Returns the state after it.
    private mutating func inlineEntry(depth: Int, tree: inout TableTree) -> ListState {
        guard let path = lexer.keyPath(limit: depthLimit - depth + 1) else {
            lexer.skipElement(until: ASCII.rightBrace)
            return .afterMistake
        }
        guard lexer.take(ASCII.equals) else {
            lexer.reportUnexpected(expected: "`=` after the key", help: "write `{ key = value }`")
            lexer.skipElement(until: ASCII.rightBrace)
            return .afterMistake
        }
        let value = value(depth: depth + path.count - 1)
        do throws(TableConflict) {
            try tree.insert(value, at: path, below: TableTree.root)
        } catch {
            report(error)
        }
        guard case .invalid = value.content else { return .afterElement }
        lexer.skipElement(until: ASCII.rightBrace)
        return .afterMistake
    }

    /// Whether the inline table seems to continue after the next line break or comment, which is not allowed.
    private func goesOnBehindLineBreak(state: ListState) -> Bool {
        var probe = lexer
        probe.problems.isMuted = true
        _ = probe.skipGap()
        switch probe.next {
        case nil: return false
        case ASCII.rightBrace, ASCII.comma: return true
        case ASCII.leftBracket: return false
        default: return state == .opened || state == .afterComma
        }
    }

    private mutating func unclosedInlineTable(start: Int, reportsBefore: Int) -> TOMLValue {
        // After a mistake within the table, the missing brace was probably in the skipped part.
        if lexer.problems.reportCount == reportsBefore {
            lexer.report(
                TOMLProblem(
                    message: "this inline table is not closed",
                    help: "put `}` behind its last value, on the same line",
                    range: SourceRange(start: start, end: start + 1)))
        }
        return invalid(from: start)
    }

    private mutating func reportLineBreak() {
        lexer.report(
            TOMLProblem(
                message: "an inline table must be on one line",
                help: "join its lines, or write it as a table under a header of its own",
                range: lexer.nextRange))
    }

    private mutating func reportTrailingComma() {
        lexer.reportUnexpected(expected: "a key after `,`", help: "remove the last `,` of the inline table")
    }
}
