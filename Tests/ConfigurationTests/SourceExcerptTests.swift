// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

@Suite struct SourceExcerptTests {
    /// The text of the excerpt and what stands above its marks.
    private func excerpt(_ line: String, marking part: String) throws -> (text: String, marks: String) {
        let range = try #require(line.range(of: part))
        let start = line.utf8.distance(from: line.startIndex, to: range.lowerBound)
        let excerpt = SourceExcerpt(bytes: Array(line.utf8), range: start..<start + part.utf8.count, line: 1)
        return (excerpt.text, excerpt.marks)
    }

    @Test(arguments: [
        ("abc def", "def", "abc def", "    ^^^"),
        ("語 = x", "x", "語 = x", "     ^"),
        ("a語b", "語", "a語b", " ^^"),
        ("e\u{301} = x", "x", "e\u{301} = x", "    ^"),
        ("🔊 = x", "x", "🔊 = x", "     ^"),
        ("\tx", "x", "    x", "    ^"),
        ("ab\tx", "x", "ab  x", "    ^"),
        ("\u{1b}[2J x", "x", "\\u{1B}[2J x", "          ^"),
        ("a\u{202e}b x", "x", "a\\u{202E}b x", "           ^"),
    ])
    func alignsTheMarks(line: String, part: String, text: String, marks: String) throws {
        let excerpt = try excerpt(line, marking: part)
        #expect(excerpt.text == text)
        #expect(excerpt.marks == marks)
    }

    @Test func marksAPointAndTheEndOfALine() {
        let bytes = Array("one\r\ntwo\nthree".utf8)
        let point = SourceExcerpt(bytes: bytes, range: 3..<3, line: 1)
        #expect(point.text == "one" && point.marks == "   ^")
        let across = SourceExcerpt(bytes: bytes, range: 6..<12, line: 2)
        #expect(across.text == "two" && across.marks == " ^^")
        let end = SourceExcerpt(bytes: bytes, range: 14..<14, line: 3)
        #expect(end.text == "three" && end.marks == "     ^")
        let outside = SourceExcerpt(bytes: bytes, range: 99..<120, line: 3)
        #expect(outside.text == "three" && outside.marks == "     ^")
    }

    @Test func showsBytesThatAreNotText() {
        let excerpt = SourceExcerpt(bytes: [0x61, 0xff, 0xe8, 0xaa, 0x62], range: 4..<5, line: 1)
        #expect(excerpt.text == "a\\xFF\\xE8\\xAAb")
        #expect(excerpt.marks == "             ^")
    }

    @Test(arguments: [0, 1, 50, 5000, 9990, 9999])
    func cutsLongLinesAroundThePlace(offset: Int) {
        for letter in ["x", "語", "\u{1b}", "é"] {
            let bytes = Array(String(repeating: letter, count: 10_000).utf8)
            let length = letter.utf8.count
            let place = offset * length
            let excerpt = SourceExcerpt(bytes: bytes, range: place..<place + length, line: 1)
            let shown = TerminalText.width(of: TerminalText.safe(letter))
            #expect(TerminalText.width(of: excerpt.text) <= SourceExcerpt.width + 2)
            #expect(excerpt.marks.hasSuffix(String(repeating: "^", count: shown)))
            #expect(excerpt.marks.count <= TerminalText.width(of: excerpt.text))
            #expect(excerpt.text.hasPrefix("…") == (offset * shown > 40))
        }
    }
}
