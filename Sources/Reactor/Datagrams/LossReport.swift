// SPDX-License-Identifier: Apache-2.0

/// Datagrams that met one fate, counted until it is time to say so: the first at once, further ones together
/// after each ``interval``. So a flood costs a line from time to time, and none is lost in silence.
///
/// Pure: it is told the time.
package struct LossReport {
    /// Nanoseconds between two records.
    static let interval: UInt64 = 10_000_000_000

    /// One that has nothing to tell.
    package init() {}

    /// How many were not told of yet.
    private var count: UInt64 = 0

    /// When the next record may be written; nil if none was lately.
    package private(set) var next: UInt64?

    /// Notes losses.
    ///
    /// - Returns: how many to tell of now; nil to tell of them later, at ``next``.
    package mutating func note(_ lost: UInt64, at now: UInt64) -> UInt64? {
        count &+= lost
        guard next == nil, count > 0 else { return nil }
        return tell(now)
    }

    /// Time has passed.
    ///
    /// - Returns: how many to tell of now; nil for none.
    package mutating func pass(_ now: UInt64) -> UInt64? {
        guard let next, next <= now else { return nil }
        guard count > 0 else {
            self.next = nil
            return nil
        }
        return tell(now)
    }

    /// What was not told of yet, at the end.
    package mutating func end() -> UInt64? {
        defer { count = 0 }
        return count > 0 ? count : nil
    }

    private mutating func tell(_ now: UInt64) -> UInt64 {
        defer { count = 0 }
        next = now &+ Self.interval
        return count
    }
}
