// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Services

/// What an assembler found.
private enum Found: Equatable, CustomTestStringConvertible {
    case text(String)
    case tooLong
    case notUTF8

    var testDescription: String {
        switch self {
        case .text(let text): text.utf8.count > 40 ? "\(text.utf8.count) bytes" : text
        case .tooLong: "too long"
        case .notUTF8: "not UTF-8"
        }
    }
}

@Suite struct LineAssemblerTests {
    private static let longest = [UInt8](repeating: 0x61, count: 4096)

    /// Everything that comes out when the pieces go in one after the other, and then the end.
    private func lines(of pieces: [[UInt8]]) -> [Found] {
        var assembler = LineAssembler()
        var found: [Found] = []
        func note(_ line: LineAssembler.Line, _ bytes: Span<UInt8>) {
            switch line {
            case .text: found.append(.text(String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)))
            case .tooLong: found.append(.tooLong)
            case .notUTF8: found.append(.notUTF8)
            }
        }
        for piece in pieces {
            var position = 0
            while position < piece.count { assembler.next(in: piece.span, at: &position) { note($0, $1) } }
        }
        assembler.finish { note($0, $1) }
        return found
    }

    /// Everything that comes out of a message.
    private func lines(ofMessage message: [UInt8]) -> [Found] {
        var found: [Found] = []
        var position = 0
        while position < message.count {
            LineAssembler.next(ofMessage: message.span, at: &position) { line, bytes in
                switch line {
                case .text: found.append(.text(String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)))
                case .tooLong: found.append(.tooLong)
                case .notUTF8: found.append(.notUTF8)
                }
            }
        }
        return found
    }

    private static let table: [(String, [UInt8], [Found])] = [
        ("nothing", [], []),
        ("LF", Array("a\nb\n".utf8), [.text("a"), .text("b")]),
        ("CR LF", Array("a\r\nb\r\n".utf8), [.text("a"), .text("b")]),
        ("both", Array("a\nb\r\n\r\n\n".utf8), [.text("a"), .text("b"), .text(""), .text("")]),
        ("only one CR belongs to the end", Array("a\r\r\n".utf8), [.text("a\r")]),
        ("a CR inside", Array("a\rb\n".utf8), [.text("a\rb")]),
        ("the last line needs no end", Array("a\nb".utf8), [.text("a"), .text("b")]),
        ("and may end with CR", Array("a\nb\r".utf8), [.text("a"), .text("b")]),
        ("two to four bytes", Array("é€😀\n".utf8), [.text("é€😀")]),
        ("NUL", [0x61, 0, 0x0a], [.text("a\0")]),
        ("a lone continuation", [0x80, 0x0a, 0x61, 0x0a], [.notUTF8, .text("a")]),
        ("Latin-1", [0x61, 0xe9, 0x62, 0x0a, 0x63, 0x0a], [.notUTF8, .text("c")]),
        ("an overlong slash", [0xc0, 0xaf, 0x0a], [.notUTF8]),
        ("a surrogate", [0xed, 0xa0, 0x80, 0x0a], [.notUTF8]),
        ("above U+10FFFF", [0xf4, 0x90, 0x80, 0x80, 0x0a], [.notUTF8]),
        ("a character that the end cuts", [0x61, 0xf0, 0x9f, 0x98], [.notUTF8]),
        ("a character that the line's end cuts", [0xe2, 0x82, 0x0a, 0xac, 0x0a], [.notUTF8, .notUTF8]),
        ("telnet's IAC", [0xff, 0xfb, 0x01, 0x0a], [.notUTF8]),
        ("the longest", longest + [0x0a], [.text(String(repeating: "a", count: 4096))]),
        ("the longest with CR", longest + [0x0d, 0x0a], [.text(String(repeating: "a", count: 4096))]),
        ("the longest at the end", longest, [.text(String(repeating: "a", count: 4096))]),
        ("one more", longest + [0x62, 0x0a, 0x63, 0x0a], [.tooLong, .text("c")]),
        ("one more with CR", longest + [0x62, 0x0d, 0x0a, 0x63, 0x0a], [.tooLong, .text("c")]),
        ("a CR too many", longest + [0x0d, 0x0d, 0x0a, 0x63, 0x0a], [.tooLong, .text("c")]),
        ("a CR that is not the end", longest + [0x0d, 0x62, 0x0a, 0x63, 0x0a], [.tooLong, .text("c")]),
        ("one more at the end", longest + [0x62], [.tooLong]),
        ("twice", longest + longest + [0x0a] + longest + longest + [0x0a, 0x63], [.tooLong, .tooLong, .text("c")]),
        ("too long is said before not UTF-8", [0xff] + longest + [0x0a], [.tooLong]),
        ("much more", [UInt8](repeating: 0x62, count: 1 << 16) + [0x0a, 0x63, 0x0a], [.tooLong, .text("c")]),
    ]

    @Test(arguments: table.indices)
    func `lines are found in input of any pieces`(index: Int) {
        let (name, input, expected) = Self.table[index]
        #expect(lines(of: [input]) == expected, "\(name), in one piece")
        #expect(lines(ofMessage: input) == expected, "\(name), as a message")
        for length in [1, 2, 3, 7, 4095, 4096, 4097, 4098, 65_536] where length < input.count {
            let pieces = stride(from: 0, to: input.count, by: length).map {
                Array(input[$0..<min($0 + length, input.count)])
            }
            #expect(lines(of: pieces) == expected, "\(name), in pieces of \(length)")
        }
    }

    @Test func `every split into two reads gives the same lines`() {
        let input = Array("a\r\n😀€\n\r\n".utf8) + [0xff, 0x0a] + Self.longest + Array("\r\nb\n".utf8) + Self.longest
        let whole = lines(of: [input])
        // Inside a long run of one letter, one place is like the other.
        for cut in 0...input.count
        where cut.isMultiple(of: 64) || min(cut, input.count - cut) < 40 || 4100...4140 ~= cut {
            #expect(lines(of: [Array(input[..<cut]), Array(input[cut...])]) == whole, "cut at \(cut)")
        }
    }

    @Test func `a line that is too long is reported before its end`() {
        var assembler = LineAssembler()
        var position = 0
        var found: [LineAssembler.Line] = []
        let input = [UInt8](repeating: 0x61, count: 5000)
        assembler.next(in: input.span, at: &position) { line, _ in found.append(line) }
        #expect(found == [.tooLong])
        position = 0
        assembler.next(in: input.span, at: &position) { line, _ in found.append(line) }
        assembler.finish { line, _ in found.append(line) }
        #expect(found == [.tooLong], "and only once")
        position = 0
        let next = Array("b\n".utf8)
        assembler.next(in: next.span, at: &position) { line, _ in found.append(line) }
        #expect(found == [.tooLong, .text], "and the end of a message ends it")
    }
}
