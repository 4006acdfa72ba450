// SPDX-License-Identifier: Apache-2.0

import TOML
import Testing

/// One mistake is one problem, and what stands behind it is read.
@Suite struct RecoveryTests {
    /// A document with one mistake, and the problem that it makes. Every document ends with `last = 1`.
    struct Mistake: CustomTestStringConvertible {
        var text: String
        var problem: String

        init(_ text: String, _ problem: String) {
            self.text = text
            self.problem = problem
        }

        var testDescription: String { text.debugDescription }
    }

    static let mistakes = [
        // Keys
        Mistake("a b = 1", "1:3: expected `=` after the key, found `b`"),
        Mistake("key", "1:4: expected `=` after the key, found the end of the line"),
        Mistake("key : 1", "1:5: expected `=` after the key, found `:`"),
        Mistake("b@d = [\n  1,\n  2,\n]", "1:2: a key without quotes may not contain `@`"),
        Mistake("a b = \"\"\"\n[x]\n\"\"\"", "1:3: expected `=` after the key, found `b`"),
        Mistake("= 1", "1:1: expected a key, found `=`"),
        Mistake("a. = 1", "1:4: expected a key behind the `.`, found `=`"),
        Mistake("\"\"\"a\nb\"\"\" = 1", "1:1: a key cannot be a multi-line string"),
        Mistake("\"a = 1", "1:1: this string is not closed"),
        // Values
        Mistake("key =", "1:6: expected a value, found the end of the line"),
        Mistake("key = # none", "1:7: expected a value, found a comment"),
        Mistake("key =\n  [1, 2]", "1:6: expected a value, found the end of the line"),
        Mistake("key = hello world", "1:7: `hello` is not a value"),
        Mistake("key = tcp://[::]:7010", "1:7: `tcp://` is not a value"),
        Mistake("key = 1 2", "1:9: expected the end of the line, found `2`"),
        Mistake("key = 30s", "1:7: `30s` is not a number"),
        Mistake("key = \"abc", "1:7: this string is not closed"),
        Mistake("key = \"one\ntwo\nthree\"", "1:7: this string is not closed"),
        Mistake("key = 'it's'", "1:11: expected the end of the line, found `s`"),
        Mistake("key = \"\\d\" ", "1:8: `\\d` is not an escape"),
        Mistake("key = \"a\u{7}\u{7}b\"", "1:9: a string may not contain the control character U+0007"),
        Mistake("# a\u{C}b", "1:4: a comment may not contain the control character U+000C"),
        // Arrays
        Mistake("key = [1 2 3]", "1:10: expected `,` or `]`, found `2`"),
        Mistake("key = [1,, 2]", "1:10: expected a value or `]`, found `,`"),
        Mistake("key = [1, nope, 2]", "1:11: `nope` is not a value"),
        Mistake("key = [\n  \"a\"\n  \"b\"\n]", "2:6: expected `,` after this element"),
        Mistake("key = [\n  \"a,\n  \"b\",\n]", "2:3: this string is not closed"),
        Mistake("key = [\n  a.b.c, \"d\",\n  [1, 2],\n]", "2:3: `a.b.c` is not a value"),
        Mistake("key = [1, 2", "1:7: this array is not closed"),
        Mistake("key = [\n  1,\n  2,", "1:7: this array is not closed"),
        Mistake("key = [\n  [1, 2],\n  [3,\n", "3:3: this array is not closed"),
        Mistake("key = [\n  1,\n\n[table]", "1:7: this array is not closed"),
        Mistake("key = [\n  1,\n\n[[table.below]] # more", "1:7: this array is not closed"),
        Mistake("key = [ { a = 1, b } ]", "1:20: expected `=` after the key, found `}`"),
        // Inline tables
        Mistake("key = { a = 1 b = 2 }", "1:15: expected `,` or `}`, found `b`"),
        Mistake("key = { a = 1, }", "1:16: expected a key after `,`, found `}`"),
        Mistake("key = { , }", "1:9: expected a key or `}`, found `,`"),
        Mistake("key = { a = no, b = [1, 2] }", "1:13: `no` is not a boolean"),
        Mistake("key = { a = 1, a = 2 }", "1:16: `a` is defined twice"),
        Mistake("key = { a = 1", "1:7: this inline table is not closed"),
        Mistake("key = {\n  a = 1,\n  b = 2\n}", "1:8: an inline table must be on one line"),
        Mistake("key = {\n  a = 1, # one\n  b = 2\n}", "1:8: an inline table must be on one line"),
        // Headers
        Mistake("[a.b]\nx = 1\n[a.b]\nx = 1", "3:4: the table `a.b` is defined twice"),
        Mistake("[a\nx = 1", "1:3: expected `]` after the name, found the end of the line"),
        Mistake("[[a]\nx = 1", "1:4: expected `]]` after the name, found `]`"),
        Mistake("[a b]\nx = 1", "1:4: expected `]` after the name, found `b`"),
        Mistake("[]\nx = 1", "1:2: expected a key, found `]`"),
        Mistake("[a] x = 1", "1:5: expected the end of the line, found `x`"),
        Mistake("a = 1\n[a.b.c]\nx = 1", "2:2: `a` is an integer and cannot hold keys"),
        Mistake("a = oops\n[a.b.c]\nx = 1", "1:5: `oops` is not a value"),
        Mistake("a = oops\na.b = 1", "1:5: `oops` is not a value"),
    ]

    @Test(arguments: mistakes)
    func `one mistake is one problem`(_ mistake: Mistake) {
        #expect(problems(in: mistake.text + "\nlast = 1\n") == [mistake.problem])
    }

    @Test(arguments: mistakes)
    func `text after a mistake is read`(_ mistake: Mistake) {
        let text = mistake.text + "\n[behind.it]\nlast = 1\n"
        #expect(root(of: text).value(at: "behind", "it", "last")?.integer == 1)
    }

    @Test(arguments: mistakes)
    func `lines may end with CR and LF`(_ mistake: Mistake) {
        let text = mistake.text.replacing("\n", with: "\r\n")
        #expect(problems(in: text + "\r\nlast = 1\r\n") == [mistake.problem])
    }

    @Test func `all mistakes of a document are found, each at its place`() {
        let sound = "[sound.number-%]\nkey = \"value\"\nlist = [1, { a = 2 }]\n\n"
        var text = ""
        var expected: [String] = []
        for (number, mistake) in Self.mistakes.enumerated() {
            let line = text.count { $0 == "\n" } + 2
            // A table of its own keeps the mistakes from defining the same keys.
            text += "[[mistake-\(number)]]\n"
            // Headers begin at the root, so a mistake in one cannot be told here what it is told alone.
            guard !mistake.text.contains(/^\[/.anchorsMatchLineEndings()) else { continue }
            text += mistake.text + "\n" + sound.replacing("%", with: String(number))
            let parts = mistake.problem.split(separator: ":", maxSplits: 1)
            expected.append("\(line + (Int(parts[0]) ?? 0) - 1):\(parts[1])")
        }
        #expect(expected.count > 35)
        #expect(problems(in: text) == expected)
    }

    // MARK: What is left of a value

    @Test func `a value that cannot be read is marked invalid`() throws {
        let table = root(of: "a = oops\nb =\nc = \"open\nd\ne: 1\nf = [1, oops, 3]\ng = { h = oops, i = 1 }\n")
        for key in ["a", "b", "c", "d", "e"] {
            #expect(try #require(table[key]).value.isInvalid, "\(key)")
        }
        #expect(table.value(at: "f")?.elements?.map(\.integer) == [1, nil, 3])
        #expect(table.value(at: "g", "h")?.isInvalid == true)
        #expect(table.value(at: "g", "i")?.integer == 1)
    }

    @Test func `the first of two definitions is kept`() {
        #expect(root(of: "a = 1\na = 2\n").value(at: "a")?.integer == 1)
        let table = root(of: "[t]\na = 1\n[t]\na = 2\nb = 3\n")
        #expect(table.value(at: "t", "a")?.integer == 1)
        #expect(table.value(at: "t", "b") == nil)
    }

    @Test func `keys after an unclosed header belong to it`() {
        #expect(root(of: "[t\na = 1\n").value(at: "t", "a")?.integer == 1)
    }

    @Test func `a second definition names the place of the first`() throws {
        let problem = try #require(TOMLDocument.parse(Array("ab = 1\n\"ab\" = 2\n".utf8)).problems.first)
        #expect(problem.range == SourceRange(start: 7, end: 11))
        #expect(problem.related == .init(range: SourceRange(start: 0, end: 2), note: "first defined here"))
    }
}
