// SPDX-License-Identifier: Apache-2.0

import SocketClient
import Testing

/// What is shown of what comes in, in each form.
@Suite struct TextFormTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test(arguments: [("", "\n"), ("a", "a\n"), ("a\n", "a\n"), ("a\n\n", "a\n\n"), ("\n", "\n")])
    func `a plain message ends with a line feed`(message: String, line: String) {
        #expect(text(TextForm.plain.line(forMessage: Array(message.utf8))) == line)
    }

    @Test(arguments: [([UInt8](), "\n"), ([0x0a], "0a\n"), ([0, 255], "00 ff\n")])
    func `each hex message has a line`(message: [UInt8], line: String) {
        #expect(text(TextForm.hex.line(forMessage: message)) == line)
    }

    @Test func `a frame is shown as such, other bytes as hex`() {
        let frame = [0x23, 0x01, 0, 0, 1, 0, 0, 0, 0xab] + [UInt8](repeating: 0, count: 7)
        #expect(text(TextForm.can.line(forMessage: frame)) == "123#AB\n")
        #expect(text(TextForm.can.line(forMessage: [1, 2])) == "01 02\n")
    }

    @Test func `a stream is shown as it is, or as sixteen bytes a line`() {
        let bytes = [UInt8](0..<18)
        #expect(TextForm.plain.lines(forStream: bytes[...]) == bytes)
        #expect(
            text(TextForm.hex.lines(forStream: bytes[...]))
                == "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n10 11\n")
        #expect(TextForm.hex.lines(forStream: []) == [])
    }
}
