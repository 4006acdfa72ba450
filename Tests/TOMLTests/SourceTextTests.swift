// SPDX-License-Identifier: Apache-2.0

import TOML
import Testing

@Suite struct SourceTextTests {
    /// A text, the bytes before the one that is looked for, and the place of that.
    @Test(arguments: [
        ("a = 1", "", 1, 1),
        ("a = 1", "a = ", 1, 5),
        ("a = 1", "a = 1", 1, 6),
        ("a\nb", "a", 1, 2),
        ("a\nb", "a\n", 2, 1),
        ("a\r\nb", "a\r\n", 2, 1),
        ("a\n\n\nb", "a\n\n", 3, 1),
        ("a\n", "a\n", 2, 1),
        // A tab is one column, a lone CR does not end a line.
        ("\ta\t= 1", "\ta\t", 1, 4),
        ("a\rb", "a\r", 1, 3),
        // Columns count scalars, not bytes and not what they look like.
        ("é = 1", "é", 1, 2),
        ("e\u{301} = 1", "e\u{301}", 1, 3),
        ("# ü€😀x", "# ü€😀", 1, 6),
        ("# ü\n# €\nx😀y", "# ü\n# €\nx😀", 3, 3),
        // A byte order mark has no column.
        ("\u{FEFF}a = 1", "", 1, 1),
        ("\u{FEFF}a = 1", "\u{FEFF}", 1, 1),
        ("\u{FEFF}a = 1", "\u{FEFF}a", 1, 2),
        ("", "", 1, 1),
    ])
    func `an offset has a line and a column`(text: String, before: String, line: Int, column: Int) {
        let source = SourceText(bytes: Array(text.utf8))
        #expect(source.place(of: before.utf8.count) == SourcePlace(line: line, column: column))
    }

    /// Columns are counted from the start of a block, however long a line is.
    @Test func `a place far into a long line is as exact as one at its start`() {
        let text = "é" + String(repeating: "aü€😀\tb", count: 200) + "\n" + String(repeating: "x€", count: 300)
        let bytes = Array(text.utf8)
        let source = SourceText(bytes: bytes)
        for offset in 0...bytes.count {
            let before = bytes[..<offset]
            let start = (before.lastIndex(of: 0x0a) ?? -1) + 1
            let scalars = before[start...].count { $0 & 0xc0 != 0x80 }
            let lines = before.count { $0 == 0x0a }
            #expect(source.place(of: offset) == SourcePlace(line: lines + 1, column: scalars + 1))
        }
    }

    @Test func `an offset outside the document is at its nearest end`() {
        let source = SourceText(bytes: Array("a\nbc".utf8))
        #expect(source.place(of: -1) == SourcePlace(line: 1, column: 1))
        #expect(source.place(of: 99) == SourcePlace(line: 2, column: 3))
        #expect(source.line(containing: -1) == Array("a".utf8))
        #expect(source.line(containing: 99) == Array("bc".utf8))
    }

    @Test(arguments: [
        ("a\nb\nc", 2, "b"),
        ("a\nb\nc", 3, "b"),
        ("a\r\nb\r\nc", 3, "b"),
        ("a\r\nb\r\nc", 4, "b"),
        ("a\r\nb\r\nc", 6, "c"),
        ("a\n\nc", 2, ""),
        ("\r\n", 0, ""),
        ("a\n", 2, ""),
        ("a\rb", 2, "a\rb"),
        ("\u{FEFF}a\n", 0, "a"),
        ("", 0, ""),
    ])
    func `a line is without its break`(text: String, offset: Int, line: String) {
        #expect(SourceText(bytes: Array(text.utf8)).line(containing: offset) == Array(line.utf8))
    }

    @Test func `bytes that are not UTF-8 have places too`() {
        let source = SourceText(bytes: [0x61, 0xFF, 0xC3, 0x0A, 0x80, 0x62])
        #expect(source.place(of: 2) == SourcePlace(line: 1, column: 3))
        #expect(source.place(of: 5).line == 2)
    }
}
