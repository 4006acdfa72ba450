// SPDX-License-Identifier: Apache-2.0

/// Parses a document statement by statement.
///
/// A mistake invalidates the statement or the element that contains it, and parsing continues after it. Invalid values become
/// `invalid`; problems that only follow from them are not reported.
struct Parser {
    var lexer: Lexer
    /// The deepest nesting that is parsed.
    let depthLimit: Int
    private var tree: TableTree
    /// The table that receives the keys, and its depth.
    private var section: (table: TableTree.ID, depth: Int) = (TableTree.root, 0)

    init(bytes: [UInt8], limits: TOMLLimits) {
        lexer = Lexer(bytes: bytes, problemLimit: limits.problems)
        tree = TableTree(range: SourceRange(start: 0, end: bytes.count))
        depthLimit = min(max(limits.depth, 1), TOMLLimits.maximumDepth)
    }

    /// Parses the whole document, up to its end or the limit of problems.
    mutating func document() -> TOMLDocument {
        while lexer.next != nil, !lexer.problems.isFull {
            _ = lexer.skipGap()
            switch lexer.next {
            case nil: break
            case ASCII.leftBracket: header()
            default: keyValue()
            }
            endOfStatement()
        }
        return TOMLDocument(root: tree.table(), problems: lexer.problems.inOrder())
    }

    /// Whether the rest of the line is empty or a comment.
    private var isLineBlank: Bool {
        lexer.isAtLineEnd || lexer.next == ASCII.numberSign
    }

    private mutating func endOfStatement() {
        lexer.skipBlank()
        lexer.skipComment()
        guard !lexer.isAtLineEnd else { return }
        lexer.reportUnexpected(
            expected: "the end of the line", help: "put each header and each `key = value` on a line of its own")
        lexer.skipToLineEnd()
    }

    // MARK: Keys with values

    private mutating func keyValue() {
        // The first part of a key is in the section's own table, each further one in a table below it.
        guard let path = lexer.keyPath(limit: depthLimit - section.depth + 1) else { return skipStatement() }
        guard lexer.take(ASCII.equals) else { return missingEquals(after: path) }
        let value = value(depth: section.depth + path.count - 1)
        insert(value, at: path)
        guard case .invalid = value.content else { return }
        if value.range.start == value.range.end, isLineBlank { skipMisplacedValue() }
        lexer.skipToLineEnd()
    }

    private mutating func insert(_ value: TOMLValue, at path: [KeyPart]) {
        do throws(TableConflict) {
            try tree.insert(value, at: path, below: section.table)
        } catch {
            report(error)
        }
    }

    private mutating func missingEquals(after path: [KeyPart]) {
        lexer.reportUnexpected(
            expected: "`=` after the key", help: "write `key = value`; a key that holds anything else needs quotes")
        // The key is probably right and only its value is missing, so the key is added, with an invalid value. A duplicate key is
        // not reported as well.
        if lexer.isAtLineEnd || lexer.next == ASCII.colon {
            let value = TOMLValue(content: .invalid, range: lexer.nextRange)
            try? tree.insert(value, at: path, below: section.table)
        }
        skipStatement()
    }

    /// Skips the rest of a statement with an invalid key, including its value, which may span several lines.
    private mutating func skipStatement() {
        lexer.skip { $0 != ASCII.equals && $0 != ASCII.lineFeed && $0 != ASCII.numberSign }
        if lexer.take(ASCII.equals) {
            lexer.problems.isMuted = true
            _ = value(depth: section.depth)
            lexer.problems.isMuted = false
        }
        lexer.skipToLineEnd()
    }

    /// Skips a value on the line after its key, where it is not allowed.
    private mutating func skipMisplacedValue() {
        var probe = self
        probe.lexer.problems.isMuted = true
        probe.lexer.skipToLineEnd()
        probe.lexer.skipLineEnd()
        probe.lexer.skipBlank()
        guard !probe.isLineBlank, !probe.lexer.isStatementNext else { return }
        if case .invalid = probe.value(depth: section.depth).content { return }
        lexer.offset = probe.lexer.offset
    }

    // MARK: Headers

    private static let headerHelp = "write `[name]` for a table, `[[name]]` for one of an array of tables"

    private mutating func header() {
        let start = lexer.offset
        let isArray = lexer.isNext(ASCII.leftBracket, count: 2)
        lexer.offset += isArray ? 2 : 1
        guard let path = lexer.keyPath(limit: depthLimit, help: Self.headerHelp) else {
            section = (tree.detachedTable(), 0)
            return lexer.skipToLineEnd()
        }
        let isClosed = lexer.isNext(ASCII.rightBracket, count: isArray ? 2 : 1)
        if isClosed {
            lexer.offset += isArray ? 2 : 1
        } else {
            let brackets = isArray ? "`]]`" : "`]`"
            lexer.reportUnexpected(expected: "\(brackets) after the name", help: "close the header with \(brackets)")
            // A key with a stray bracket before it is not the header of the keys that follow.
            if lexer.next == ASCII.equals { return lexer.skipToLineEnd() }
        }
        let range = SourceRange(start: start, end: lexer.offset)
        if !isClosed { lexer.skipToLineEnd() }
        section.depth = path.count
        do throws(TableConflict) {
            section.table =
                isArray ? try tree.appendTable(path, range: range) : try tree.openTable(path, range: range)
        } catch {
            report(error)
            section.table = tree.detachedTable()
        }
    }
}
