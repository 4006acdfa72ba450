// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ControlClient

@Suite struct TextTableTests {
    @Test(arguments: [
        ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("abcdef", 1, "…"), ("日本語", 6, "日本語"), ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"), ("e\u{301}e\u{301}e", 2, "e\u{301}…"),
    ])
    func `a text is cut to columns of the terminal`(text: String, width: Int, result: String) {
        #expect(TextTable.cut(text, to: width) == result)
    }

    @Test func `wide characters are padded by their columns`() {
        var table = TextTable([.name("NAME", least: 4), .number("N")])
        table.add([TextTable.Cell("日本"), TextTable.Cell("1")])
        table.add([TextTable.Cell("a"), TextTable.Cell("12")])
        #expect(table.lines(OutputStyle()) == ["NAME   N", "日本   1", "a     12"])
    }

    @Test func `the widest column loses first, and none loses more than it may`() {
        var table = TextTable([.name("A", least: 3), .name("B", least: 5), .word("C")])
        table.add(["aaaaaaaaaa", "bbbbbbb", "cccc"].map { TextTable.Cell($0) })
        #expect(table.lines(OutputStyle(columns: 20))[1] == "aaaaa…  bbbbb…  cccc")
        #expect(table.lines(OutputStyle(columns: 10))[1] == "aa…  bbbb…  cccc")
    }

    @Test func `words are wrapped at spaces`() {
        let lines = TextTable.wrapped(
            "start ", ["aaa", "bbb", "cc\u{7}", "dddddddddddddddddd"], width: 14, indentation: 2)
        #expect(lines == ["start aaa bbb", "  cc\\u{7}", "  dddddddddddddddddd"])
    }
}
