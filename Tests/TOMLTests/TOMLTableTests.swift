// SPDX-License-Identifier: Apache-2.0

import TOML
import Testing

@Suite struct TOMLTableTests {
    private func table(keys: [String]) -> TOMLTable {
        let entries = keys.enumerated().map { number, key in
            TOMLTable.Entry(
                key: key, keyRange: SourceRange(start: number, end: number),
                value: TOMLValue(content: .integer(Int64(number)), range: SourceRange(start: number, end: number)))
        }
        return TOMLTable(entries: entries, range: SourceRange(start: 0, end: 0))
    }

    /// Around the size at which a table gets an index.
    @Test(arguments: [0, 1, 15, 16, 17, 18, 1000])
    func `a key is found in a table of any size`(count: Int) {
        let table = table(keys: (0..<count).map { "key-\($0)" })
        for number in 0..<count {
            #expect(table["key-\(number)"]?.value.integer == Int64(number))
        }
        #expect(table["key"] == nil)
        #expect(table["key-\(count)"] == nil)
    }

    @Test(arguments: [2, 40])
    func `keys that look the same but have other scalars are different`(count: Int) {
        let keys = ["\u{E9}", "e\u{301}"] + (2..<max(2, count)).map { "key-\($0)" }
        let table = table(keys: keys)
        #expect(table["\u{E9}"]?.value.integer == 0)
        #expect(table["e\u{301}"]?.value.integer == 1)
    }

    @Test func `a document may have both of such keys`() {
        #expect(problems(in: "\"\u{E9}\" = 1\n\"e\u{301}\" = 2\n") == [])
        #expect(problems(in: "\"\u{E9}\" = 1\n\"\\u00e9\" = 2\n") == ["2:1: `\"é\"` is defined twice"])
    }

    @Test func `entries stay in the order of the document`() {
        #expect(root(of: "z = 1\nb.y = 2\na = 3\nb.c = 4\n").entries.map(\.key) == ["z", "b", "a"])
    }
}
