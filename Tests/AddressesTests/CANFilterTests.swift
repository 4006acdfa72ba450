// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Addresses

@Suite struct CANFilterTests {
    private static let extended: UInt32 = 0x8000_0000

    @Test(arguments: [
        ("id=0x123", UInt32(0x123), UInt32(0x7ff)),
        ("id=0x100&mask=0x700", 0x100, 0x700),
        ("id=291", 0x123, 0x7ff),
        ("id=0x7ff", 0x7ff, 0x7ff),
        ("id=0x00000123", 0x123 | extended, 0x1fff_ffff),
        ("id=0x00000123&mask=0x1fffff00", 0x123 | extended, 0x1fff_ff00),
        ("id=0x800", 0x800 | extended, 0x1fff_ffff),
        ("id=2048&mask=0", 0x800 | extended, 0),
        ("id=0x0&mask=0x0", 0, 0),
        // Seven digits are not eight.
        ("id=0x0000123", 0x123, 0x7ff),
    ])
    func `a filter always compares the format of the identifier`(
        options: String, id: UInt32, mask: UInt32
    ) throws {
        let filter = try #require(try Endpoint(parsing: "can://can0?\(options)").options.filters.first)
        #expect(filter.comparison == (id & (mask | Self.extended), mask | Self.extended))
    }
}
