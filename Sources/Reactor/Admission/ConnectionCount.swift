// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// An atomic count of connections, with a limit.
///
/// Concurrency: lanes enter and leave from their own threads; one atomic addition each.
public final class ConnectionCount: Sendable {
    private let active = Atomic<Int>(0)
    private let highest = Atomic<Int>(0)

    /// Makes a count of 0.
    public init() {}

    /// The present count.
    public var value: Int { active.load(ordering: .relaxed) }

    /// The highest count until now.
    public var peak: Int { highest.load(ordering: .relaxed) }

    /// Adds one, unless the count would be more than `limit`.
    public func enter(limit: Int?) -> Bool {
        let before = active.wrappingAdd(1, ordering: .relaxed).oldValue
        if !AdmissionLimits.hasRoom(beside: before, limit: limit) {
            active.wrappingSubtract(1, ordering: .relaxed)
            return false
        }
        // The load mostly suffices: an atomic maximum is a compare-and-swap loop.
        if before >= highest.load(ordering: .relaxed) { highest.max(before + 1, ordering: .relaxed) }
        return true
    }

    /// Subtracts one.
    public func leave() {
        active.wrappingSubtract(1, ordering: .relaxed)
    }
}
