// SPDX-License-Identifier: Apache-2.0

/// A 64-bit hash that is the same on every host and after every start, unlike `Hasher`.
///
/// Two usherd with the same upstreams must send a client to the same one. It does not resist an attacker who looks for
/// collisions.
package enum StableHash {
    /// Spreads each bit of a word over the whole result. A bijection (Stafford's variant 13 of MurmurHash3's finaliser,
    /// which splitmix64 uses too).
    package static func mix(_ word: UInt64) -> UInt64 {
        var mixed = word
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// The hash of bytes: FNV-1a, then mixed, since the last bytes barely affect the high bits of FNV-1a.
    package static func hash(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return mix(hash)
    }

    /// The hash of two words, in this order.
    package static func hash(_ first: UInt64, _ second: UInt64) -> UInt64 {
        mix(mix(first &+ golden) ^ second)
    }

    /// 2^64 divided by the golden ratio. Its multiples modulo 2^64 are evenly spread, however many there are.
    package static let golden: UInt64 = 0x9e37_79b9_7f4a_7c15
}
