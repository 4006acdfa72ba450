// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Services

@Suite struct TimeProtocolTests {
    /// The examples of RFC 868, and the end of the count.
    @Test(
        arguments: [
            (0, 2_208_988_800), (189_302_400, 2_398_291_200), (315_532_800, 2_524_521_600),
            (420_595_200, 2_629_584_000),
            (2_085_978_495, 4_294_967_295), (2_085_978_496, 0), (2_085_978_497, 1),
        ] as [(UInt64, UInt32)])
    func `the time is seconds since 1900 in 32 bits`(since1970: UInt64, since1900: UInt32) {
        #expect(TimeProtocol.seconds(of: since1970 * 1_000_000_000) == since1900)
        #expect(TimeProtocol.seconds(of: since1970 * 1_000_000_000 + 999_999_999) == since1900)
    }

    @Test func `the bytes are in network order`() {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: 0x8321_fe07)
        #expect(bytes == [0x83, 0x21, 0xfe, 0x07])
    }
}
