// SPDX-License-Identifier: Apache-2.0

package import Records

/// Decides which refusals of a listener have a record each and which share one, to limit the log.
///
/// For one reason, the first ``each`` in ``interval`` have a record each; the others are counted, and share one record when
/// the interval is over. Pure: the caller passes the time, in nanoseconds of the monotonic clock. Lanes' clocks may differ
/// a little.
package struct RefusalReport {
    /// The interval, in nanoseconds.
    package static let interval: UInt64 = 10_000_000_000

    /// How many have a record each in an interval.
    package static let each: UInt64 = 10

    /// What to do with a refusal.
    package enum Step: Equatable {
        /// Write a record.
        case record
        /// Write a record, and call ``endInterval()`` at this time.
        case firstRecord(UInt64)
        /// Only count it.
        case count
    }

    /// The refusals that share a record.
    package struct Rest: Equatable {
        /// Why the last one was refused.
        package var refusal: Refusal
        /// How many there were.
        package var count: UInt64
        /// When the first and the last one were refused.
        package var from: UInt64
        package var until: UInt64
    }

    private var noted: UInt64 = 0
    private var rest: Rest?

    /// Makes a report without refusals.
    package init() {}

    /// Counts a refusal.
    package mutating func note(_ refusal: Refusal, at now: UInt64) -> Step {
        guard noted > 0 else {
            noted = 1
            return .firstRecord(now &+ Self.interval)
        }
        noted &+= 1
        guard noted > Self.each else { return .record }
        var more = rest ?? Rest(refusal: refusal, count: 0, from: now, until: now)
        more.refusal = refusal
        more.count &+= 1
        more.until = max(more.until, now)
        rest = more
        return .count
    }

    /// Ends the interval.
    ///
    /// - Returns: the refusals without a record; nil if there are none.
    package mutating func endInterval() -> Rest? {
        defer { self = RefusalReport() }
        return rest
    }
}
