// SPDX-License-Identifier: Apache-2.0

import SocketClient
import Testing

/// Bytes as hexadecimal digits.
@Suite struct HexTextTests {
    @Test(arguments: [
        ("", [UInt8]()), ("00", [0]), ("68 65 6c", [0x68, 0x65, 0x6c]), ("68656C", [0x68, 0x65, 0x6c]),
        ("0xDEAD", [0xde, 0xad]), (" de:ad \t be\r", [0xde, 0xad, 0xbe]), ("  ", []), ("0x", []),
    ])
    func `pairs of digits are read`(text: String, bytes: [UInt8]) throws {
        #expect(try HexText.decode(Array(text.utf8)) == bytes)
    }

    @Test(arguments: [
        ("f", "odd number of digits"), ("6 8", "odd number of digits"), ("abc", "odd number of digits"), ("zz", "`z`"),
        ("41 g1", "`g`"),
        ("4g", "odd number of digits"), ("\u{1}", "`\\x01`"), ("41-42", "`-`"),
    ])
    func `other text is refused`(text: String, words: String) {
        let mistake = #expect(throws: TextMistake.self) { try HexText.decode(Array(text.utf8)) }
        #expect(mistake?.message.contains(words) == true)
    }

    @Test func `written bytes are read back`() throws {
        let bytes = Array(UInt8.min...UInt8.max)
        let text = HexText.encode(bytes[...])
        #expect(String(decoding: text.prefix(8), as: UTF8.self) == "00 01 02")
        #expect(try HexText.decode(text) == bytes)
    }
}
