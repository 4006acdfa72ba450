// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The state of a listener that its connections share across lanes and reloads.
///
/// Concurrency: lanes and the supervisor use it from their own threads; each part is atomic or behind a lock.
public final class ListenerState: Sendable {
    /// Unique among all listeners of this process, past and present.
    public let identifier: Int

    /// How many connections the listener has.
    public let connections = ConnectionCount()

    /// The counters of the listener.
    public let totals = LaneTotals()

    /// Decides which refusals have a record of their own.
    let refusals = ListenerRefusals()

    private let paused = Atomic<Bool>(false)

    /// Whether an operator has paused the listener. After a change, ``Lane/followPause(of:)`` applies it on each lane.
    public var isPaused: Bool {
        get { paused.load(ordering: .relaxed) }
        set { paused.store(newValue, ordering: .relaxed) }
    }

    /// How many connections and flows were accepted: those that have ended, and those that are open.
    public var accepted: UInt64 { totals.sum.ended &+ UInt64(max(connections.value, 0)) }

    /// Makes the state of a new listener.
    public init(identifier: Int) {
        self.identifier = identifier
    }
}
