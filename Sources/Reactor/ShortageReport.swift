// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Tracks one shortage of this host, until ``quietTime`` has passed without a failed attempt.
///
/// The beginning and the end are recorded once each, however many attempts fail in between.
///
/// Pure: the caller passes the time, in nanoseconds of the monotonic clock. Lanes' clocks may differ a little.
struct ShortageReport {
    /// The shortage is over after this many nanoseconds without a failed attempt.
    static let quietTime: UInt64 = 10_000_000_000

    /// What the record of the end says.
    struct End: Equatable {
        /// From the first failure to the last.
        var nanoseconds: UInt64
        /// How many attempts failed.
        var attempts: UInt64
    }

    /// The result of ``check(at:)``.
    enum Step: Equatable {
        /// Not over yet: call ``check(at:)`` again at this time.
        case wait(UInt64)
        /// Over: record it.
        case over(End)
    }

    private var first: UInt64 = 0
    private var last: UInt64 = 0
    private var attempts: UInt64 = 0

    /// Counts a failed attempt.
    ///
    /// - Returns: true for the first one: record it, and call ``check(at:)`` after ``quietTime``.
    mutating func note(at now: UInt64) -> Bool {
        attempts &+= 1
        last = attempts == 1 ? now : max(last, now)
        guard attempts == 1 else { return false }
        first = now
        return true
    }

    /// Checks at `now` whether the shortage is over; if so, resets the report.
    mutating func check(at now: UInt64) -> Step {
        let (end, overflow) = last.addingReportingOverflow(Self.quietTime)
        if overflow || end > now { return .wait(overflow ? .max : end) }
        defer { self = ShortageReport() }
        return .over(End(nanoseconds: last - first, attempts: attempts))
    }
}
