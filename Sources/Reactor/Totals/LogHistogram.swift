// SPDX-License-Identifier: Apache-2.0

/// Counts values by size, in buckets whose width grows with the value.
///
/// There are four buckets for each doubling, so a value read from it is at most a quarter too high. It takes memory up to
/// the highest bucket that was used, at most 2 KiB.
public struct LogHistogram: Equatable, Sendable {
    private static let perDoubling = 4

    /// The number of values in each bucket, up to the highest that was used.
    public private(set) var buckets: [UInt64] = []

    /// How many values were counted.
    public private(set) var count: UInt64 = 0

    /// The sum of all values, modulo 2^64.
    public private(set) var sum: UInt64 = 0

    /// Makes an empty histogram.
    public init() {}

    /// The bucket of a value: 0 to 3 for these values, then four for each power of two.
    public static func bucket(of value: UInt64) -> Int {
        guard value >= UInt64(perDoubling) else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let quarter = Int(truncatingIfNeeded: value >> UInt64(exponent - 2)) & (perDoubling - 1)
        return (exponent - 1) * perDoubling + quarter
    }

    /// The highest value of a bucket.
    public static func highest(of bucket: Int) -> UInt64 {
        guard bucket >= perDoubling else { return UInt64(max(bucket, 0)) }
        let shift = bucket / perDoubling - 1
        let width = UInt64(1) << UInt64(shift)
        return (UInt64(perDoubling + bucket % perDoubling) << UInt64(shift)) | (width - 1)
    }

    /// Counts a value.
    public mutating func record(_ value: UInt64) {
        let bucket = Self.bucket(of: value)
        while buckets.count <= bucket { buckets.append(0) }
        buckets[bucket] &+= 1
        count &+= 1
        sum &+= value
    }

    /// An upper bound for a quantile of the values: 0.5 gives the median. Nil while none was counted.
    public func quantile(_ part: Double) -> UInt64? {
        guard count > 0 else { return nil }
        let rank = (Double(count) * min(max(part, 0), 1)).rounded(.up)
        var seen: UInt64 = 0
        for (bucket, number) in buckets.enumerated() {
            seen &+= number
            if Double(seen) >= rank, number > 0 { return Self.highest(of: bucket) }
        }
        return buckets.indices.last.map(Self.highest(of:))
    }

    /// Adds the values of another histogram.
    public static func += (sum: inout LogHistogram, other: LogHistogram) {
        while sum.buckets.count < other.buckets.count { sum.buckets.append(0) }
        for (bucket, number) in other.buckets.enumerated() { sum.buckets[bucket] &+= number }
        sum.count &+= other.count
        sum.sum &+= other.sum
    }
}
