// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// Something with a descriptor that a lane watches: a listener, a connection, a socket to an upstream.
///
/// Concurrency: belongs to the lane on which it was made, and is not Sendable.
open class Pollable {
    /// What became of a call of ``ready(_:)``.
    public enum Turn: Sendable {
        /// Everything was done that could be done; the next event will say more.
        case done
        /// There is more to do, but the others come first.
        case again
    }

    /// The index in the lane's table; -1 while it is in none.
    final var slot = -1

    /// Whether it waits for another turn already.
    package final var waitsForTurn = false

    /// Whether a lane watches it.
    package final var isWatched: Bool { slot >= 0 }

    /// Makes one that is in no lane's table yet.
    public init() {}

    /// The descriptor is ready for something.
    open func ready(_ readiness: Readiness) -> Turn { .done }

    /// A deadline of it may have come. Deadlines move without the lane being told, so this is where it learns the one in
    /// force.
    ///
    /// - Returns: when to ask again; nil for never.
    open func deadline(at now: UInt64) -> UInt64? { nil }
}
