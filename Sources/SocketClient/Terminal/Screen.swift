// SPDX-License-Identifier: Apache-2.0

/// Where what comes in and what is being typed stand on a terminal: the one above the other. Pure.
///
/// What comes in goes where the prompt begins, and the prompt and the line are shown again below it. A line that has
/// not ended stays above the prompt; what continues it later is written behind it, as if nothing had been between.
struct Screen: Sendable {
    /// What the person sees before the line that is being typed.
    static let prompt = "> "

    /// How many columns the terminal has. What was shown stays as the terminal has it.
    var columns: Int {
        didSet { if columns != oldValue { unfinished = "" } }
    }

    /// The last row of what came in, if it has not ended.
    private var unfinished = ""

    private let width: @Sendable (Unicode.Scalar) -> Int

    /// Makes an empty one.
    ///
    /// - Parameter width: how many columns a character takes; negative for one that cannot be shown.
    init(columns: Int, width: @escaping @Sendable (Unicode.Scalar) -> Int) {
        self.columns = columns
        self.width = width
    }

    /// What puts text, which holds no control characters but line feeds and tabs, above the line that is being typed. It
    /// leaves the cursor where the prompt is to be shown again.
    ///
    /// - Parameter typed: the line as far as the cursor of its editor is.
    mutating func show(_ text: String, above typed: String) -> String {
        let rows = rows(of: unfinished + text)
        var output = erase(typed)
        for row in rows.dropLast() { output += row + "\n" }
        unfinished = rows.last ?? ""
        if !unfinished.isEmpty { output += unfinished + "\n" }
        return output
    }

    /// What makes room for a line of somebody else's above the line that is being typed.
    mutating func beginRow(above typed: String) -> String {
        let output = clear(typed)
        unfinished = ""
        return output
    }

    /// What removes the prompt and the line for good; a line that came in and has not ended stays.
    func clear(_ typed: String) -> String {
        var copy = self
        copy.unfinished = ""
        return copy.erase(typed)
    }

    /// The person has ended the line: below it another one begins.
    mutating func lineEntered() {
        unfinished = ""
    }

    /// From the cursor of the editor back to where what comes in goes on, with nothing behind it: ECMA-48, CUU and ED.
    private func erase(_ typed: String) -> String {
        let up = rowOfCursor(behind: Self.prompt + typed) + (unfinished.isEmpty ? 0 : 1)
        return "\r" + (up > 0 ? "\u{1b}[\(up)A" : "") + "\u{1b}[J"
    }

    /// The row that the cursor is in behind a text which begins in the first column of row 0, as libedit shows it.
    func rowOfCursor(behind text: String) -> Int {
        var row = 0
        var column = 0
        for scalar in text.unicodeScalars {
            let width = shownWidth(of: scalar, at: column)
            if column + width > columns {
                row += 1
                column = 0
            }
            column += width
            if column >= columns {
                row += 1
                column = 0
            }
        }
        return row
    }

    /// Cuts text into the rows that the terminal makes of it.
    private func rows(of text: String) -> [String] {
        var rows: [String] = []
        var row = ""
        var column = 0
        for scalar in text.unicodeScalars {
            if scalar == "\n" {
                rows.append(row)
                row = ""
                column = 0
                continue
            }
            let width = scalar == "\t" ? 8 - column % 8 : max(0, self.width(scalar))
            if column + width > columns, column > 0 {
                rows.append(row)
                row = ""
                column = 0
            }
            if scalar == "\t" { row += String(repeating: " ", count: width) } else { row.unicodeScalars.append(scalar) }
            column += width
        }
        return rows + [row]
    }

    private func shownWidth(of scalar: Unicode.Scalar, at column: Int) -> Int {
        switch scalar.value {
        case 0x09: 8 - column % 8
        case 0..<0x20, 0x7f: 2
        default:
            // libedit writes `\U+200e` for what cannot be shown: two signs, and digits by pairs.
            width(scalar) >= 0 ? width(scalar) : scalar.value > 0xffff ? 8 : 7
        }
    }
}
