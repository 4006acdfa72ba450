// SPDX-License-Identifier: Apache-2.0

/// A random number generator whose numbers are the same in each run (Steele, Lea, Flood: splitmix64).
public struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    /// The generator whose numbers begin at a seed.
    public init(seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
