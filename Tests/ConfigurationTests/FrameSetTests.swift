// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@testable import Configuration

/// Which CAN frames sets of filters have in common, and the search among many of them.
@Suite struct FrameSetTests {
    private static let extended: UInt32 = 0x8000_0000

    private static func frames(_ options: String) throws -> FrameSet {
        FrameSet(try Endpoint(parsing: options.isEmpty ? "can://can0" : "can://can0?\(options)").options.filters)
    }

    private static func has(_ set: FrameSet?, _ identifier: UInt32) -> Bool {
        set?.patterns.contains { (identifier ^ $0.id) & $0.mask == 0 } ?? false
    }

    @Test(arguments: [
        ("id=0x123", "id=0x123", true), ("id=0x123", "id=0x124", false), ("id=0x123", "id=0x00000123", false),
        ("id=0x123", "id=0x100&mask=0x700", true), ("id=0x223", "id=0x100&mask=0x700", false),
        ("id=0x1&mask=0xf", "id=0x10&mask=0xf0", true), ("id=0x1&mask=0xf", "id=0x2&mask=0xf", false),
        ("id=0&mask=0", "id=0x7ff", true), ("id=0&mask=0", "id=0x800", false),
        ("id=0x800&mask=0", "id=0x1fffffff", true), ("id=0x100&mask=0x700", "id=0x23&mask=0xff", true),
        ("id=0x800&mask=0", "id=0x00000100&mask=0x700", true), ("id=1&id=2", "id=2&id=3", true),
        ("id=1&id=2", "id=3&id=4", false), ("", "id=3", true), ("", "", true),
    ])
    func `the intersection has the frames of both sets`(one: String, other: String, overlap: Bool) throws {
        let sets = (try Self.frames(one), try Self.frames(other))
        let both = sets.0.intersection(sets.1)
        #expect(sets.0.overlaps(sets.1) == overlap)
        #expect(sets.1.overlaps(sets.0) == overlap)
        #expect((both != nil) == overlap)
        for number in UInt32(0)...0x7ff {
            for identifier in [number, number | Self.extended, number << 12 | Self.extended] {
                let isInBoth = Self.has(sets.0, identifier) && Self.has(sets.1, identifier)
                #expect(Self.has(both, identifier) == isInBoth, "\(String(identifier, radix: 16))")
            }
        }
    }

    @Test func `equal sets are equal values, whatever the order of the filters`() throws {
        #expect(try Self.frames("id=1&id=0x100&mask=0x700") == Self.frames("id=0x123&id=0x100&mask=0x700&id=1&id=1"))
        #expect(try Self.frames("id=0x1ff&mask=0x700") == Self.frames("id=0x100&mask=0x700"))
        #expect(try Self.frames("id=1").intersection(.all) == Self.frames("id=1"))
        let two = try Self.frames("id=0x100&mask=0x700&id=0x1&mask=0xf")
        #expect(two.intersection(two) == two)
    }

    /// Of a few masks and of many, so that entries are looked up and compared.
    @Test(arguments: [2, 6, 2000]) func `the index finds what a comparison with each finds`(masks: Int) {
        var random = Numbers(state: UInt64(masks))
        let mask = (0..<masks).map { _ in UInt32.random(in: 0...0x7f, using: &random) }
        func set() -> FrameSet {
            FrameSet(
                (0..<Int.random(in: 1...2, using: &random)).map { _ in
                    CANFilter(
                        id: UInt32.random(in: 0...0x7f, using: &random), mask: mask.randomElement(using: &random) ?? 0,
                        isExtended: Int.random(in: 0..<4, using: &random) == 0)
                })
        }
        var index = FrameIndex()
        var sets: [FrameSet] = []
        var gone: Set<Int> = []
        for number in 0..<600 {
            let next = set()
            let expected = sets.indices.filter { sets[$0].overlaps(next) && !gone.contains($0) }
            if gone.isEmpty { #expect(index.first(for: next) == expected.first) }
            #expect(index.numbers(for: next, dropping: gone.contains) == expected)
            index.add(next, number)
            sets.append(next)
            if number > 300, number % 3 == 0 { gone.insert(Int.random(in: 0..<number, using: &random)) }
        }
    }
}
