// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// A rate limit with a burst: the generic cell rate algorithm, ITU-T I.371, annex A.
struct Allowance {
    private let perSecond: UInt64

    /// The nanoseconds in which a whole burst is regained.
    private let tolerance: UInt64

    /// The theoretical arrival time: when all that has passed will be regained.
    private var theoreticalArrival: UInt64 = 0

    /// - Parameter burst: how much may pass at once, at most 2^32.
    init(perSecond: UInt64, burst: UInt64) {
        self.perSecond = perSecond
        tolerance = burst * 1_000_000_000 / perSecond
    }

    /// Lets an amount pass if the limit allows it; otherwise changes nothing and returns false.
    ///
    /// - Parameters:
    ///   - amount: at most 2^32.
    ///   - now: nanoseconds of a monotonic clock.
    mutating func take(_ amount: Int, at now: UInt64) -> Bool {
        let end = max(theoreticalArrival, now) + UInt64(amount) * 1_000_000_000 / perSecond
        guard Clock.span(from: now, to: end) <= tolerance else { return false }
        theoreticalArrival = end
        return true
    }
}
