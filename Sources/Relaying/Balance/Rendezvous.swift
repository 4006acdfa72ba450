// SPDX-License-Identifier: Apache-2.0

/// Weighted rendezvous hashing: the member with the lowest score for a source gets the source.
///
/// A score depends on the source and the member alone. So a member that is added takes its share evenly from the
/// others and moves nothing else, and the sources of one that is removed are spread over the others. Scores are
/// exponentially distributed, so the chance of the lowest one is proportional to the weight (Efraimidis and Spirakis,
/// "Weighted random sampling with a reservoir"; Schindelhauer and Schomaker, "Weighted distributed hash tables").
package enum Rendezvous {
    /// The score of a member for a source: the lowest one wins.
    ///
    /// - Parameters:
    ///   - source: the hash of the source.
    ///   - member: the hash of the member.
    ///   - weight: positive.
    package static func score(source: UInt64, member: UInt64, weight: Int) -> Double {
        let hash = StableHash.mix(source ^ member)
        // A Double holds 53 bits exactly. Adding 1 keeps the value above 0, where the logarithm is undefined.
        let uniform = Double((hash >> 11) + 1) * 0x1p-53
        return -logarithm(uniform) / Double(weight)
    }

    /// The natural logarithm of a normal, positive number, to 12 digits.
    ///
    /// Uses only operations whose result IEEE 754 defines to the last bit. The result of libm's log depends on its version
    /// and on the processor, and all hosts must choose the same member.
    package static func logarithm(_ number: Double) -> Double {
        // number = fraction × 2^exponent, with the fraction near 1, where few terms of the series suffice.
        var fraction = number.significand
        var exponent = Double(number.exponent)
        if fraction > 1.414_213_562_373_095_1 {
            fraction /= 2
            exponent += 1
        }
        // ln f = 2 artanh ((f - 1) / (f + 1))
        let ratio = (fraction - 1) / (fraction + 1)
        let square = ratio * ratio
        var series = 1.0 / 15
        series = series * square + 1.0 / 13
        series = series * square + 1.0 / 11
        series = series * square + 1.0 / 9
        series = series * square + 1.0 / 7
        series = series * square + 1.0 / 5
        series = series * square + 1.0 / 3
        series = series * square + 1
        return exponent * 0.693_147_180_559_945_3 + 2 * ratio * series
    }
}
