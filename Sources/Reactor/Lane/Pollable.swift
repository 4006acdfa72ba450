// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// An object in a lane's table, from which it gets events, turns and deadlines.
///
/// It may be a listener, a session or a socket to an upstream. Some have no descriptor.
///
/// Concurrency: belongs to the lane on which it was made, and is not Sendable.
open class Pollable {
    /// The result of ``ready(_:)``.
    public enum Turn: Sendable {
        /// Everything possible was done; the next event follows by itself.
        case done
        /// There is more to do, after the other ready pollables.
        case again
    }

    /// Its index in the lane's table; -1 while it is in none.
    final var slot = -1

    /// Whether it waits for another turn.
    package final var waitsForTurn = false

    /// Whether it is in a lane's table.
    package final var isInTable: Bool { slot >= 0 }

    /// Makes one that is in no lane's table yet.
    public init() {}

    /// Called with the events of its descriptor, or with none for a turn that it was given.
    open func ready(_ readiness: Readiness) -> Turn { .done }

    /// Called when the scheduled time has come. Its deadline may have moved since, unknown to the lane, so it returns the
    /// one in force.
    ///
    /// - Returns: when to call again; nil for never.
    open func deadline(at now: UInt64) -> UInt64? { nil }
}
