// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// How much may pass: so much at once, and after that so much a second. The generic cell rate algorithm, ITU-T I.371,
/// annex A.
struct Allowance {
    private let perSecond: UInt64

    /// Nanoseconds in which what may pass at once is earned again.
    private let tolerance: UInt64

    /// Until when what has passed is earned.
    private var earned: UInt64 = 0

    /// - Parameter burst: how much may pass at once, at most 2^32.
    init(perSecond: UInt64, burst: UInt64) {
        self.perSecond = perSecond
        tolerance = burst * 1_000_000_000 / perSecond
    }

    /// Lets something pass, if it may; if not, nothing has happened.
    ///
    /// - Parameters:
    ///   - amount: how much, at most 2^32.
    ///   - now: nanoseconds on a clock that does not go back.
    mutating func take(_ amount: Int, at now: UInt64) -> Bool {
        let end = max(earned, now) + UInt64(amount) * 1_000_000_000 / perSecond
        guard Clock.span(from: now, to: end) <= tolerance else { return false }
        earned = end
        return true
    }
}
