// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ControlClient

@Suite struct TopKeyReaderTests {
    @Test(
        arguments: [
            ("q?", [.character("q"), .character("?")]), ("\r\n", [.enter, .enter]), ("\u{7f}\u{8}", [.erase, .erase]),
            ("\u{15}\u{c}", [.eraseLine, .redraw]), ("\u{1b}[A\u{1b}OB", [.up, .down]),
            ("\u{1b}[H\u{1b}[4~x", [.first, .last, .character("x")]), ("\u{1b}\u{1b}[A", [.escape, .up]),
            ("\u{1b}xq", [.character("q")]), ("\u{1b}[1;5Aq", [.character("q")]),
            ("a\u{e9}\u{3}b", [.character("a"), .character("b")]),
            ("\u{1b}[" + String(repeating: "1", count: 40) + "q", [.character("q")]),
        ] as [(String, [TopKey])])
    func `bytes of a terminal are keys`(text: String, keys: [TopKey]) {
        var whole = TopKeyReader()
        let found = whole.keys(in: Array(text.utf8))
        #expect(text.hasPrefix("\u{1b}[1111") ? found.last == keys.last : found == keys)
        // However the bytes are divided.
        var divided = TopKeyReader()
        #expect(text.utf8.flatMap { divided.keys(in: [$0]) } == found)
    }

    @Test func `an escape alone is a key after a while`() {
        var reader = TopKeyReader()
        #expect(reader.keys(in: [0x1b]) == [])
        #expect(reader.isUndecided)
        #expect(reader.flush() == .escape)
        #expect(!reader.isUndecided)
        #expect(reader.keys(in: [0x1b, UInt8(ascii: "[")]) == [])
        #expect(reader.flush() == nil)
        #expect(reader.keys(in: [UInt8(ascii: "A")]) == [.character("A")])
    }
}
