// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Relaying

@Suite struct StableHashTests {
    /// The first numbers of splitmix64 with the state 0, as others publish them.
    @Test func `integers are mixed as in splitmix64`() {
        let numbers = (1...3).map { StableHash.mix($0 &* StableHash.golden) }
        #expect(numbers == [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f])
    }

    /// The vectors of the authors of FNV, mixed.
    @Test(
        arguments: [
            ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8),
        ] as [(String, UInt64)])
    func `bytes are hashed as in FNV-1a`(text: String, hash: UInt64) {
        #expect(StableHash.hash(Array(text.utf8)) == StableHash.mix(hash))
    }

    @Test func `words and their order change the hash`() {
        var seen: Set<UInt64> = []
        for first in 0..<100 as Range<UInt64> {
            for second in 0..<100 as Range<UInt64> { seen.insert(StableHash.hash(first, second)) }
        }
        #expect(seen.count == 10_000)
    }

    /// A bit that changes changes half of all bits.
    @Test func `each bit changes half of the hash`() {
        for bit in 0..<64 as Range<UInt64> {
            var changed = 0
            for word in 0..<256 as Range<UInt64> {
                changed += (StableHash.mix(word) ^ StableHash.mix(word ^ 1 << bit)).nonzeroBitCount
            }
            #expect((28 * 256...36 * 256).contains(changed))
        }
    }
}
