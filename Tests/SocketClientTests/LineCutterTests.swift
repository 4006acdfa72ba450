// SPDX-License-Identifier: Apache-2.0

import SocketClient
import Testing

/// Lines out of bytes that come in pieces of any size.
@Suite struct LineCutterTests {
    @Test(arguments: 1...12)
    func `any pieces give the same lines`(size: Int) {
        let bytes = Array("one\n\nthree\r\nfour".utf8)
        var cutter = LineCutter()
        var lines: [String] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            lines += cutter.add(piece).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(lines == ["one", "", "three\r"])
        #expect(cutter.takeRest() == Array("four".utf8))
        #expect(cutter.takeRest() == nil)
    }

    @Test func `nothing is left after a line feed`() {
        var cutter = LineCutter()
        #expect(cutter.add(Array("\n".utf8)) == [[]])
        #expect(cutter.takeRest() == nil)
    }
}
