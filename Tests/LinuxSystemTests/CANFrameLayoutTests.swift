// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct CANFrameLayoutTests {
    /// The bytes of a frame, with its identifier in the order of this host.
    private static func frame(_ identifier: UInt32, length: UInt8 = 0, of size: Int = 16) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        for index in 0..<min(4, size) { bytes[index] = UInt8(truncatingIfNeeded: identifier >> (8 * UInt32(index))) }
        if size > 4 { bytes[4] = length }
        return bytes
    }

    @Test(arguments: [
        (UInt32(0), UInt8(0), 16), (0x7ff, 8, 16), (0x8000_0000, 1, 16), (0x9fff_ffff, 8, 16), (0x4000_0123, 0, 16),
        (0xc000_0123, 8, 16), (0x123, 0, 72), (0x123, 9, 72), (0x8000_0123, 64, 72),
    ])
    func `a valid frame may be sent`(identifier: UInt32, length: UInt8, size: Int) {
        #expect(CANFrameLayout.isSendable(Self.frame(identifier, length: length, of: size)))
    }

    @Test(arguments: [
        // More data than there is room for.
        (UInt32(0x123), UInt8(9), 16), (0x123, 255, 16), (0x123, 65, 72),
        // An identifier with bits that its format has not.
        (0x800, 0, 16), (0x1fff_ffff, 0, 16), (0x0000_0fff, 0, 72),
        // What a controller says of an error.
        (0x2000_0004, 8, 16), (0xa000_0004, 8, 16), (0xffff_ffff, 0, 16),
    ])
    func `a malformed frame may not be sent`(identifier: UInt32, length: UInt8, size: Int) {
        #expect(!CANFrameLayout.isSendable(Self.frame(identifier, length: length, of: size)))
    }

    @Test(arguments: (0...100).filter { $0 != 16 && $0 != 72 } + [1500, 65_536])
    func `a frame has one of two lengths`(size: Int) {
        #expect(!CANFrameLayout.isSendable(Self.frame(0x123, of: size)))
    }
}
