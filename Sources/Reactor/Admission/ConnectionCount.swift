// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A count of connections with a ceiling.
///
/// Concurrency: lanes enter and leave from their own threads; one atomic addition each.
public final class ConnectionCount: Sendable {
    private let active = Atomic<Int>(0)
    private let highest = Atomic<Int>(0)

    /// Makes a count of none.
    public init() {}

    /// How many there are.
    public var value: Int { active.load(ordering: .relaxed) }

    /// The most that there were at a time.
    public var peak: Int { highest.load(ordering: .relaxed) }

    /// Counts one in, unless that would be more than `limit`.
    public func enter(limit: Int?) -> Bool {
        let before = active.wrappingAdd(1, ordering: .relaxed).oldValue
        if let limit, before >= limit {
            active.wrappingSubtract(1, ordering: .relaxed)
            return false
        }
        // A load mostly tells: an atomic maximum is a loop.
        if before >= highest.load(ordering: .relaxed) { highest.max(before + 1, ordering: .relaxed) }
        return true
    }

    /// Counts one out.
    public func leave() {
        active.wrappingSubtract(1, ordering: .relaxed)
    }
}
