// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// One thing that this host lacks, from the first attempt that failed for it until none has for ``quietTime``. So it is
/// told once that it began and once that it is over, however many attempts fail meanwhile.
///
/// Pure: it is told the time, in nanoseconds of the monotonic clock. Lanes' clocks may differ a little.
struct ShortageReport {
    /// After how many nanoseconds without another failure it is over.
    static let quietTime: UInt64 = 10_000_000_000

    /// What is told when it is over.
    struct End: Equatable {
        /// From the first failure to the last.
        var nanoseconds: UInt64
        /// How many attempts failed.
        var attempts: UInt64
    }

    /// What there is to do at a time.
    enum Step: Equatable {
        /// To ask again at this time.
        case wait(UInt64)
        /// To tell that it is over.
        case over(End)
    }

    private var first: UInt64 = 0
    private var last: UInt64 = 0
    private var attempts: UInt64 = 0

    /// An attempt failed.
    ///
    /// - Returns: whether that is to be told; then ``pass(_:)`` has to be called at ``quietTime`` from now.
    mutating func note(at now: UInt64) -> Bool {
        attempts &+= 1
        last = attempts == 1 ? now : max(last, now)
        guard attempts == 1 else { return false }
        first = now
        return true
    }

    /// Time has passed.
    mutating func pass(_ now: UInt64) -> Step {
        let (end, overflow) = last.addingReportingOverflow(Self.quietTime)
        if overflow || end > now { return .wait(overflow ? .max : end) }
        defer { self = ShortageReport() }
        return .over(End(nanoseconds: last - first, attempts: attempts))
    }
}
