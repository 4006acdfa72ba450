// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A count of connections with a ceiling.
///
/// Concurrency: lanes enter and leave from their own threads; one atomic addition each.
public final class ConnectionCount: Sendable {
    private let active = Atomic<Int>(0)

    /// Makes a count of none.
    public init() {}

    /// How many there are.
    public var value: Int { active.load(ordering: .relaxed) }

    /// Counts one in, unless that would be more than `limit`.
    public func enter(limit: Int?) -> Bool {
        let before = active.wrappingAdd(1, ordering: .relaxed).oldValue
        guard let limit, before >= limit else { return true }
        active.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    /// Counts one out.
    public func leave() {
        active.wrappingSubtract(1, ordering: .relaxed)
    }
}
