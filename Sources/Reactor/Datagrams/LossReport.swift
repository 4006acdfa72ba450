// SPDX-License-Identifier: Apache-2.0

/// Counts losses of one kind and decides when to record them.
///
/// The first one is recorded at once, further ones together after each ``interval``. So a flood costs a record from time to
/// time, and every loss is counted.
///
/// Pure: the caller passes the time.
package struct LossReport {
    /// Nanoseconds between two records.
    static let interval: UInt64 = 10_000_000_000

    /// Makes a report without losses.
    package init() {}

    /// How many are not recorded yet.
    private var count: UInt64 = 0

    /// When the next record may be written; nil if none was written lately.
    package private(set) var next: UInt64?

    /// Counts losses.
    ///
    /// - Returns: how many to record now; nil to record them later, at ``next``.
    package mutating func note(_ lost: UInt64, at now: UInt64) -> UInt64? {
        count &+= lost
        guard next == nil, count > 0 else { return nil }
        return takeCount(now)
    }

    /// Called when ``next`` has come.
    ///
    /// - Returns: how many to record now; nil for none.
    package mutating func check(at now: UInt64) -> UInt64? {
        guard let next, next <= now else { return nil }
        guard count > 0 else {
            self.next = nil
            return nil
        }
        return takeCount(now)
    }

    /// Returns what is not recorded yet, at the end; nil for none.
    package mutating func takeRest() -> UInt64? {
        defer { count = 0 }
        return count > 0 ? count : nil
    }

    private mutating func takeCount(_ now: UInt64) -> UInt64 {
        defer { count = 0 }
        next = now &+ Self.interval
        return count
    }
}
