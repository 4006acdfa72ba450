// SPDX-License-Identifier: Apache-2.0

import TOML
import Testing

/// Keys and values know where they stand.
@Suite struct RangeTests {
    private static let text = """
        title = "ü" # comment
        'a b' . c = [1, { d = 0x1F }]

        [one.two]
        date = 1979-05-27 07:32:00Z
        [[list]]
        text = \"\"\"
        two
        lines\"\"\"
        """

    /// The text of `range` in the document.
    private func text(of range: SourceRange?) -> String? {
        range.map { String(decoding: Array(Self.text.utf8)[$0.start..<$0.end], as: UTF8.self) }
    }

    @Test(arguments: [
        (["title"], "title", "\"ü\""),
        (["a b"], "'a b'", "'a b'"),
        (["a b", "c"], "c", "[1, { d = 0x1F }]"),
        (["one"], "one", "[one.two]"),
        (["one", "two"], "two", "[one.two]"),
        (["one", "two", "date"], "date", "1979-05-27 07:32:00Z"),
        (["list"], "list", "[[list]]"),
    ])
    func `an entry has the range of its key and of its value`(path: [String], key: String, value: String) {
        var table = root(of: Self.text)
        for name in path.dropLast() {
            guard case .table(let inner)? = table[name]?.value.content else { break }
            table = inner
        }
        let entry = path.last.flatMap { table[$0] }
        #expect(text(of: entry?.keyRange) == key)
        #expect(text(of: entry?.value.range) == value)
    }

    @Test func `an element has its own range`() throws {
        let elements = try #require(root(of: Self.text).value(at: "a b", "c")?.elements)
        #expect(elements.map { text(of: $0.range) } == ["1", "{ d = 0x1F }"])
        guard case .table(let table) = elements[1].content else { throw Unexpected() }
        #expect(text(of: table.range) == "{ d = 0x1F }")
        #expect(text(of: table["d"]?.value.range) == "0x1F")
    }

    @Test func `a table of an array of tables has the range of its header`() throws {
        let table = try #require(root(of: Self.text).value(at: "list")?.elements?.first)
        #expect(text(of: table.range) == "[[list]]")
    }

    @Test func `a header of its own takes the place of one that only led through`() throws {
        let text = "[a.b]\n[a]\n"
        let entry = try #require(root(of: text)["a"])
        #expect(entry.keyRange == SourceRange(start: 7, end: 8))
        #expect(entry.value.range == SourceRange(start: 6, end: 9))
    }

    @Test func `the root is the whole document`() {
        #expect(root(of: Self.text).range == SourceRange(start: 0, end: Self.text.utf8.count))
    }

    private struct Unexpected: Error {}
}
