// SPDX-License-Identifier: Apache-2.0

/// Computes the terminal output that shows received text above the line being typed. Pure.
///
/// Received text replaces the prompt, and the prompt and the line are shown again below it. An incomplete line of received
/// text stays above the prompt, and its continuation is later written directly behind it.
struct Screen: Sendable {
    /// The prompt.
    static let prompt = "> "

    /// The width of the terminal in columns. After a change, text that was shown stays where it is.
    var columns: Int {
        didSet { if columns != oldValue { unfinished = "" } }
    }

    /// The last row of received text, if it is incomplete.
    private var unfinished = ""

    private let width: @Sendable (Unicode.Scalar) -> Int

    /// Makes an empty screen.
    ///
    /// - Parameter width: returns how many columns a character takes; negative if it is not printable.
    init(columns: Int, width: @escaping @Sendable (Unicode.Scalar) -> Int) {
        self.columns = columns
        self.width = width
    }

    /// Returns the output that inserts text above the line being typed.
    ///
    /// It leaves the cursor where the prompt is shown next. The text contains no control characters except line feeds and tabs.
    ///
    /// - Parameter typed: the part of the line before the cursor.
    mutating func show(_ text: String, above typed: String) -> String {
        let rows = rows(of: unfinished + text)
        var output = erase(typed)
        for row in rows.dropLast() { output += row + "\n" }
        unfinished = rows.last ?? ""
        if !unfinished.isEmpty { output += unfinished + "\n" }
        return output
    }

    /// Returns the output that clears the prompt, so that a message can be printed above the line.
    mutating func beginRow(above typed: String) -> String {
        let output = clear(typed)
        unfinished = ""
        return output
    }

    /// Returns the output that removes the prompt and the line; incomplete received text stays.
    func clear(_ typed: String) -> String {
        var copy = self
        copy.unfinished = ""
        return copy.erase(typed)
    }

    /// Notes that a person has entered the line: the next one begins below it.
    mutating func lineEntered() {
        unfinished = ""
    }

    /// Returns the output that moves the cursor to where received text continues, and clears what follows.
    ///
    /// It uses CUU and ED of ECMA-48.
    private func erase(_ typed: String) -> String {
        let up = rowOfCursor(behind: Self.prompt + typed) + (unfinished.isEmpty ? 0 : 1)
        return "\r" + (up > 0 ? "\u{1b}[\(up)A" : "") + "\u{1b}[J"
    }

    /// The row of the cursor after a text that begins in column 0 of row 0, as libedit shows it.
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

    /// Wraps text into rows as the terminal does.
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
            // libedit shows an unprintable character as `\U+200e`: three characters, and four or five digits.
            width(scalar) >= 0 ? width(scalar) : scalar.value > 0xffff ? 8 : 7
        }
    }
}
