// SPDX-License-Identifier: Apache-2.0

/// The line of a problem, escaped for a terminal, and the marks below it.
public struct SourceExcerpt: Hashable, Sendable {
    /// The number of the line, from 1.
    public let line: Int

    /// The line. Tabs become spaces; what could control a terminal or mislead the reader is escaped; a long line is cut with `…`.
    public let text: String

    /// Spaces, then a `^` for each column of the range; at least one.
    public let marks: String

    /// The widest line that is shown uncut, in columns.
    static let width = 100

    /// How many columns of a cut line are shown before the place.
    private static let before = 40

    /// Makes the excerpt of the line of `bytes` in which `range` starts.
    init(bytes: [UInt8], range: Range<Int>, line: Int) {
        let start = min(max(range.lowerBound, 0), bytes.count)
        var cells = Self.cells(of: bytes, around: start)
        var first = cells.firstIndex { $0.offset >= start } ?? cells.endIndex
        // An empty range marks one column; a range over several lines is marked to the end of the first.
        var last = max(first, cells.firstIndex { $0.offset >= range.upperBound } ?? cells.endIndex)
        if Self.width(of: cells[...]) > Self.width {
            Self.cut(&cells, first: &first, last: &last)
        }
        self.line = line
        self.text = cells.map(\.text).joined()
        let marked = Self.width(of: cells[first..<last])
        let indent = String(repeating: " ", count: Self.width(of: cells[..<first]))
        self.marks = indent + String(repeating: "^", count: max(marked, 1))
    }

    /// The text on the terminal for one scalar, or for one byte that is not UTF-8.
    private struct Cell {
        var offset: Int
        var text: String
        var width: Int
    }

    /// The cells of the line around `offset`; of a very long line only those that could be shown.
    private static func cells(of bytes: [UInt8], around offset: Int) -> [Cell] {
        // A scalar has at most four bytes, so this reaches over 8 × `width` scalars: enough for the columns that are shown.
        let reach = 32 * width
        let isBreak = { (byte: UInt8) in byte == 0x0a }
        let lower = max(0, offset - reach)
        let upper = min(bytes.count, offset + reach)
        var start = (bytes[lower..<offset].lastIndex(where: isBreak) ?? lower - 1) + 1
        let end = bytes[offset..<upper].firstIndex(where: isBreak) ?? upper
        if start == lower {
            // Do not start within a scalar.
            while start < offset, bytes[start] & 0xc0 == 0x80 { start += 1 }
        }
        if start == 0, bytes.starts(with: [0xef, 0xbb, 0xbf]) { start = min(3, end) }
        var cells: [Cell] = []
        var column = 0
        var index = start
        while index < end {
            let (scalar, length) = TerminalText.scalar(in: bytes[index..<end])
            var text = ""
            if let scalar {
                if scalar == "\r", index + 1 == end { break }
                text = scalar == "\t" ? String(repeating: " ", count: 4 - column % 4) : TerminalText.safe(scalar)
            } else {
                text = TerminalText.escape(byte: bytes[index])
            }
            let cell = Cell(offset: index, text: text, width: TerminalText.width(of: text))
            column += cell.width
            cells.append(cell)
            index += length
        }
        return cells
    }

    private static func width(of cells: ArraySlice<Cell>) -> Int { cells.reduce(0) { $0 + $1.width } }

    /// Cuts a long line at both ends so that the place stays visible.
    private static func cut(_ cells: inout [Cell], first: inout Int, last: inout Int) {
        var start = first
        var kept = 0
        while start > 0, kept + cells[start - 1].width <= before {
            start -= 1
            kept += cells[start].width
        }
        var end = first
        while end < cells.count, kept + cells[end].width <= width {
            kept += cells[end].width
            end += 1
        }
        let ellipsis = { (offset: Int) in Cell(offset: offset, text: "…", width: 1) }
        var shown = Array(cells[start..<end])
        last = min(last, end) - start
        first -= start
        if end < cells.count { shown.append(ellipsis(cells[end].offset)) }
        if start > 0 {
            shown.insert(ellipsis(cells[start - 1].offset), at: 0)
            first += 1
            last += 1
        }
        cells = shown
    }
}
