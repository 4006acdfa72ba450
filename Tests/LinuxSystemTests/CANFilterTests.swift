// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinuxSystem

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
    func `is for the kernel an identifier with its format, which always counts`(
        options: String, id: UInt32, mask: UInt32
    ) throws {
        let filter = try #require(try Endpoint(parsing: "can://can0?\(options)").options.filters.first)
        #expect(filter.kernel.id == id)
        #expect(filter.kernel.mask == mask | Self.extended)
    }

    @Test(arguments: [
        ("id=0x123", "id=0x123", true),
        ("id=0x123", "id=0x124", false),
        ("id=0x123", "id=0x00000123", false),
        ("id=0x123", "id=0x100&mask=0x700", true),
        ("id=0x223", "id=0x100&mask=0x700", false),
        ("id=0x1&mask=0xf", "id=0x10&mask=0xf0", true),
        ("id=0&mask=0", "id=0x7ff", true),
        ("id=0&mask=0", "id=0x800", false),
        ("id=0x800&mask=0", "id=0x1fffffff", true),
    ])
    func `overlaps another if there are frames that both take`(one: String, other: String, overlap: Bool) throws {
        let filters = try [one, other].map {
            try #require(try Endpoint(parsing: "can://can0?\($0)").options.filters.first)
        }
        #expect(filters[0].overlaps(filters[1]) == overlap)
        #expect(filters[1].overlaps(filters[0]) == overlap)
    }

    /// What two filters take together is what the kernel lets through both.
    @Test(arguments: [
        ("id=0x123", "id=0x123"), ("id=0x123", "id=0x00000123"), ("id=0x100&mask=0x700", "id=0x23&mask=0xff"),
        ("id=0&mask=0", "id=0x7ff"), ("id=0x1&mask=0xf", "id=0x2&mask=0xf"),
        ("id=0x800&mask=0", "id=0x00000100&mask=0x700"),
    ])
    func `the intersection takes what both take`(one: String, other: String) throws {
        let filters = try [one, other].map {
            try #require(try Endpoint(parsing: "can://can0?\($0)").options.filters.first)
        }
        func passes(_ identifier: UInt32, _ filter: CANFilter?) -> Bool {
            guard let filter = filter?.kernel else { return false }
            return (identifier ^ filter.id) & filter.mask == 0
        }
        let both = filters[0].intersection(filters[1])
        for number in UInt32(0)...0x7ff {
            for identifier in [number, number | Self.extended, number << 12 | Self.extended] {
                let isTaken = filters.allSatisfy { passes(identifier, $0) }
                #expect(passes(identifier, both) == isTaken, "\(String(identifier, radix: 16))")
            }
        }
    }

    @Test func `no filter takes everything, and filters without a frame in common nothing`() {
        let (a, b) = (CANFilter(id: 0x100, mask: 0x700), CANFilter(id: 0x200, mask: 0x700))
        #expect(CANFilter.intersection([], []) == [])
        #expect(CANFilter.intersection([a], []) == [a])
        #expect(CANFilter.intersection([], [a, b]) == [a, b])
        #expect(CANFilter.intersection([a], [b]) == nil)
        #expect(CANFilter.intersection([a, b], [b])?.count == 1)
    }
}
