// SPDX-License-Identifier: Apache-2.0

package import Records

/// Decides which refusals of a listener have a record each and which share one, so that a flood cannot flood the log.
///
/// For one reason, the first ``each`` in ``interval`` have a record each; the others are counted, and share one record when
/// the interval is over. Pure: it is told the time, in nanoseconds of the monotonic clock. Lanes' clocks may differ a little.
package struct RefusalReport {
    /// Nanoseconds that one count covers.
    package static let interval: UInt64 = 10_000_000_000

    /// How many have a record each in that time.
    package static let each: UInt64 = 10

    /// What to do with a refusal.
    package enum Step: Equatable {
        /// Write a record.
        case record
        /// Write a record, and call ``pass()`` at this time.
        case firstRecord(UInt64)
        /// Write none.
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

    /// None yet.
    package init() {}

    /// A connection was refused.
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

    /// The interval is over.
    ///
    /// - Returns: those without a record; nil if there are none.
    package mutating func pass() -> Rest? {
        defer { self = RefusalReport() }
        return rest
    }
}
