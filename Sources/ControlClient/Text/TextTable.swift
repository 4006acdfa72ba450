// SPDX-License-Identifier: Apache-2.0

import Configuration

/// A table with a title above each column, as wide as its cells and no wider than its limit. Pure.
struct TextTable {
    /// A column.
    struct Column {
        let title: String
        /// Numbers are aligned right.
        var isNumber = true
        /// The fewest columns of the terminal to which its cells may be cut; nil if they are never cut.
        var least: Int?

        /// A column of numbers.
        static func number(_ title: String) -> Column { Column(title: title) }

        /// A column of words that are never cut.
        static func word(_ title: String) -> Column { Column(title: title, isNumber: false) }

        /// A column of names, which may be cut.
        static func name(_ title: String, least: Int) -> Column {
            Column(title: title, isNumber: false, least: least)
        }
    }

    /// A cell. Its text comes from outside, and is escaped here.
    struct Cell {
        let text: String
        var tint: OutputStyle.Tint?

        init(_ text: String, _ tint: OutputStyle.Tint? = nil) {
            self.text = TerminalText.safe(text)
            self.tint = tint
        }
    }

    private static let gap = 2

    private let columns: [Column]
    private var rows: [[Cell]] = []

    /// Makes an empty table.
    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// Adds a row, with a cell for each column.
    mutating func add(_ cells: [Cell]) {
        precondition(cells.count == columns.count, "a cell for each column")
        rows.append(cells)
    }

    /// The line of the titles, and a line for each row.
    ///
    /// - Parameter indentation: the number of spaces before each line, which counts.
    func lines(_ style: OutputStyle, indentation: Int = 0) -> [String] {
        let widths = widths(within: style.columns - indentation)
        let titles = columns.map { Cell($0.title, .title) }
        return ([titles] + rows).map { cells in
            var line = String(repeating: " ", count: indentation)
            for (index, cell) in cells.enumerated() {
                let text = Self.cut(cell.text, to: widths[index])
                let padding = String(repeating: " ", count: widths[index] - TerminalText.width(of: text))
                let isLast = index == cells.count - 1
                if index > 0 { line += String(repeating: " ", count: Self.gap) }
                if columns[index].isNumber { line += padding }
                line += style.tinted(text, cell.tint)
                if !columns[index].isNumber, !isLast { line += padding }
            }
            return line
        }
    }

    /// The width of each column. If there is not enough room, the widest of those that may be cut loses first.
    private func widths(within limit: Int) -> [Int] {
        var widths = columns.indices.map { index in
            rows.reduce(TerminalText.width(of: columns[index].title)) {
                max($0, TerminalText.width(of: $1[index].text))
            }
        }
        var excess = widths.reduce(Self.gap * (widths.count - 1), +) - limit
        while excess > 0 {
            let candidates = columns.indices.filter { index in columns[index].least.map { widths[index] > $0 } ?? false
            }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    /// A text that takes at most `width` columns; what is cut is replaced by `…`.
    static func cut(_ text: String, to width: Int) -> String {
        guard TerminalText.width(of: text) > width else { return text }
        var result = ""
        var used = 1
        for scalar in text.unicodeScalars {
            used += TerminalText.width(of: String(scalar))
            if used > width { break }
            result.unicodeScalars.append(scalar)
        }
        return result + "…"
    }

    /// Words in lines of at most `width` columns; those after the first begin with `indentation` spaces more.
    ///
    /// - Parameter start: what the first line begins with.
    static func wrapped(_ start: String, _ words: [String], width: Int, indentation: Int) -> [String] {
        var lines: [String] = []
        var line = start
        var isFresh = true
        for word in words.map({ TerminalText.safe($0) }) {
            let separator = isFresh ? "" : " "
            if !isFresh, TerminalText.width(of: line + separator + word) > width {
                lines.append(line)
                line = String(repeating: " ", count: indentation) + word
            } else {
                line += separator + word
            }
            isFresh = false
        }
        lines.append(line)
        return lines
    }
}
