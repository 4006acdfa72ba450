// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SocketClient

/// Bytes from outside on a terminal.
@Suite struct TerminalTextTests {
    static let cases: [([UInt8], String)] = [
        (Array("plain\ttext\n".utf8), "plain\ttext\n"),
        (Array("caf\u{e9} \u{65e5}\u{672c} \u{1f600}".utf8), "caf\u{e9} \u{65e5}\u{672c} \u{1f600}"),
        // What would turn the rest red, set the title, or ring.
        (Array("\u{1b}[31mred".utf8), "^[[31mred"),
        (Array("\u{1b}]0;title\u{7}".utf8), "^[]0;title^G"),
        ([0x00, 0x7f], "^@^?"),
        (Array("\u{9b}31m".utf8), "\\u{9b}31m"),
        (Array("a\u{202e}b\u{2066}c".utf8), "a\\u{202e}b\\u{2066}c"),
        (Array("one\r\ntwo\r\r\n".utf8), "one\ntwo^M\n"),
        ([0xff, 0xc0, 0x41], "\\xff\\xc0A"),
        // An overlong slash, a surrogate, and a character that is cut short.
        ([0xc0, 0xaf], "\\xc0\\xaf"), ([0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"), ([0xe6, 0x97, 0x41], "\\xe6\\x97A"),
        ([0xe6], "\\xe6"), ([0x0d], "^M"),
    ]

    @Test(arguments: cases)
    func `control characters are shown`(bytes: [UInt8], shown: String) {
        var text = TerminalText()
        let beginning = text.add(bytes)
        #expect(beginning + text.finish() == shown)
    }

    @Test(arguments: cases)
    func `byte by byte gives the same text`(bytes: [UInt8], shown: String) {
        var text = TerminalText()
        var all = ""
        for byte in bytes { all += text.add([byte]) }
        #expect(all + text.finish() == shown)
        #expect(text.finish().isEmpty)
    }
}
