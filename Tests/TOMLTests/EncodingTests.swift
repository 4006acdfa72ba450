// SPDX-License-Identifier: Apache-2.0

import TOML
import Testing

/// Bytes that are no text, and text that is no UTF-8.
@Suite struct EncodingTests {
    private func messages(_ bytes: [UInt8]) -> [String] {
        TOMLDocument.parse(bytes).problems.map(\.message)
    }

    /// RFC 3629: what looks like UTF-8 but is not.
    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE],
            [0xFF],
        ] as [[UInt8]])
    func `a byte that is not UTF-8 is one problem at any place`(_ sequence: [UInt8]) throws {
        let byte = String(sequence[0], radix: 16, uppercase: true)
        for (before, after) in [
            ("a = \"", "\"\nb = 1\n"), ("a = '", "'\nb = 1\n"), ("# ", "\nb = 1\n"), ("a = \"\"\"", "\"\"\"\nb = 1\n"),
            ("", " = 1\nb = 1\n"), ("a = ", "\nb = 1\n"), ("[", "]\n[x]\nb = 1\n"), ("a = [1 ", "]\nb = 1\n"),
            ("a = 1", ""),
        ] {
            let bytes = Array(before.utf8) + sequence + Array(after.utf8)
            let document = TOMLDocument.parse(bytes)
            #expect(document.problems.map(\.message) == ["the byte 0x\(byte) is not UTF-8"], "\(before)…\(after)")
            #expect(document.problems.first?.range.start == before.utf8.count)
            #expect(String(validating: bytes, as: UTF8.self) == nil)
        }
    }

    @Test(arguments: ["\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}"])
    func `the edges of UTF-8 are text`(_ text: String) {
        #expect(root(of: "a = '\(text)'").value(at: "a")?.string == text)
    }

    @Test func `other problems are reported besides the encoding`() {
        #expect(
            messages(Array("a = \"".utf8) + [0xE9] + Array("\"\nb = oops\n".utf8)) == [
                "the byte 0xE9 is not UTF-8", "`oops` is not a value",
            ])
    }

    @Test func `a byte order mark is valid only at the beginning`() {
        #expect(problems(in: "\u{FEFF}a = 1") == [])
        #expect(problems(in: "\u{FEFF}\u{FEFF}a = 1") == ["1:1: a key without quotes may not contain `\\u{FEFF}`"])
        #expect(problems(in: "a = \u{FEFF}1") == ["1:5: `\\u{FEFF}1` is not a value"])
    }

    @Test func `UTF-16 is one problem`() {
        #expect(messages([0xFF, 0xFE, 0x61, 0x00, 0x3D, 0x00]) == ["there is a null byte, so this is not text"])
    }

    @Test func `a lone CR is not a line break`() {
        #expect(
            problems(in: "a = 1\rb = 2\r") == [
                "1:6: expected the end of the line, found a carriage return without a line feed"
            ]
        )
    }
}
