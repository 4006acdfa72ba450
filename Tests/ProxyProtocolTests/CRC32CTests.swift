// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ProxyProtocol

@Suite struct CRC32CTests {
    @Test(
        arguments: [
            ([], 0), (Array("123456789".utf8), 0xe306_9283),
            // RFC 3720, appendix B.4, whose numbers have the last byte first.
            (Array(repeating: 0, count: 32), 0x8a91_36aa), (Array(repeating: 0xff, count: 32), 0x62a8_ab43),
            (Array(0..<32), 0x46dd_794e), ((0..<32).reversed(), 0x113f_db5c),
        ] as [([UInt8], UInt32)])
    func `the checksum is that of RFC 4960`(bytes: [UInt8], expected: UInt32) {
        var checksum = CRC32C()
        checksum.add(bytes.span.bytes)
        #expect(checksum.value == expected)
    }

    @Test func `zero bytes change the checksum`() {
        var checksum = CRC32C()
        checksum.addZeros(32)
        #expect(checksum.value == 0x8a91_36aa)
    }
}
