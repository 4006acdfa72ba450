// SPDX-License-Identifier: Apache-2.0

public import Records
import Synchronization

/// How many connections may be stopped, and how many were, on all lanes together.
///
/// Concurrency: may be used from every thread.
public final class SessionStops: Sendable {
    private let allowed = Atomic<Int>(0)
    private let stopped = Atomic<UInt64>(0)

    /// Makes one that allows none.
    public init() {}

    /// How many were stopped.
    public var count: UInt64 { stopped.load(ordering: .relaxed) }

    /// Allows so many from now on, in place of those that were allowed before.
    public func allow(_ count: Int) { allowed.store(count, ordering: .relaxed) }

    /// Takes one of those that are allowed.
    fileprivate func take() -> Bool {
        var left = allowed.load(ordering: .relaxed)
        while left > 0 {
            let result = allowed.compareExchange(expected: left, desired: left - 1, ordering: .relaxed)
            if result.exchanged {
                stopped.wrappingAdd(1, ordering: .relaxed)
                return true
            }
            left = result.original
        }
        return false
    }
}

extension Lane {
    /// Stops connections of a listener that are not ending already, over as many turns as it takes. The listener stays.
    ///
    /// - Parameter stops: how many, of all lanes.
    public func stopSessions(
        of identifier: Int, because reason: CloseReason, by party: CloseParty, counting stops: SessionStops
    ) {
        sweep { session in
            guard session.identity.listener.identifier == identifier, session.endDeadline == .max, stops.take() else {
                return 0
            }
            session.stop(reason, by: party)
            return 4
        }
    }
}
