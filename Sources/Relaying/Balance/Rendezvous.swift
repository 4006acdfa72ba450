// SPDX-License-Identifier: Apache-2.0

/// Weighted rendezvous hashing: each member draws a lot for the source, the best lot has the source.
///
/// A lot depends on the source and the member alone. So a member that joins takes its share from all the others and moves
/// nothing else, and one that leaves hands its sources to all the others. Lots are exponentially distributed, which makes
/// the chance of the best one proportional to the weight (Efraimidis and Spirakis, "Weighted random sampling with a
/// reservoir"; Schindelhauer and Schomaker, "Weighted distributed hash tables").
package enum Rendezvous {
    /// The lot of a member: the smallest is the best.
    ///
    /// - Parameters:
    ///   - source: the hash of the source.
    ///   - member: the hash of the member.
    ///   - weight: positive.
    package static func lot(source: UInt64, member: UInt64, weight: Int) -> Double {
        let hash = StableHash.mix(source ^ member)
        // 53 bits are exact in a Double, and one more keeps them from 0.
        let uniform = Double((hash >> 11) + 1) * 0x1p-53
        return -logarithm(uniform) / Double(weight)
    }

    /// The natural logarithm of a normal, positive number, to 12 digits.
    ///
    /// Made of operations whose result IEEE 754 fixes to the last bit. That of libm depends on its version and on the
    /// processor, and two hosts must not disagree.
    package static func logarithm(_ number: Double) -> Double {
        // number = fraction × 2^exponent, the fraction near 1, where the series is short.
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
