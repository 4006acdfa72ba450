// SPDX-License-Identifier: Apache-2.0

import CLinux
import Testing

@testable import Addresses
@testable import LinuxSystem

/// The filters that the daemon's and usherctl's CAN sockets set.
@Suite struct CANFilterKernelTests {
    /// Whether a CAN_RAW socket with these filters receives a frame: `can_rx_register` of linux/can/core.h.
    private func receives(_ identifier: UInt32, _ options: String) throws -> Bool {
        let filters = try Endpoint(parsing: "can://can0\(options)").options.filters
        return CANFilter.kernel(filters).contains { identifier & $0.mask == $0.id & $0.mask }
    }

    @Test(arguments: [
        ("?id=0x123", UInt32(0x123), true),
        ("?id=0x123", 0x8000_0123, false),
        ("?id=0x123", 0x124, false),
        ("?id=0x00000123", 0x8000_0123, true),
        ("?id=0x00000123", 0x123, false),
        ("?id=0x00000123&mask=0x1fffff00", 0x8000_0145, true),
        ("?id=0x00000123&mask=0x1fffff00", 0x145, false),
        ("?id=0x800", 0x8000_0800, true),
        // Remote frames: CAN_RTR_FLAG.
        ("?id=0x123", 0x4000_0123, true),
        ("?id=0x00000123", 0xc000_0123, true),
        ("?id=0x100&mask=0x700", 0x4000_0123, true),
        ("", 0x123, true),
        ("", 0xc000_0123, true),
    ])
    func `a filter compares the identifier and its format, and nothing else`(
        options: String, identifier: UInt32, isReceived: Bool
    ) throws {
        #expect(try receives(identifier, options) == isReceived)
    }
}
