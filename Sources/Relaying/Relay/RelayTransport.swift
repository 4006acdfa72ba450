// SPDX-License-Identifier: Apache-2.0

/// The socket calls of a ``Relay``.
///
/// Implemented by real sockets, and by the test that tries every order of events.
public protocol RelayTransport: AnyObject {
    /// How many reads from one peer a turn may do.
    var readsPerTurn: Int { get }

    /// Reads once from a peer and writes to the other; holds what a short write leaves.
    func pass(from side: RelaySide) -> RelayStep

    /// Writes what is held for a peer.
    func flush(to side: RelaySide) -> RelayStep

    /// Reads and clears the pending error of a socket: SO_ERROR of socket(7). Returns an errno, or 0.
    func error(of side: RelaySide) -> CInt

    /// Shuts down the write side towards a peer: shutdown(2). Returns an errno, or 0.
    func finish(_ side: RelaySide) -> CInt
}

/// The result of one step.
public enum RelayStep: Equatable {
    /// Bytes were moved. `isEmpty`: nothing is left to read; `isHeld`: the write was short and bytes are held.
    case moved(isEmpty: Bool, isHeld: Bool)

    /// Nothing can be moved until the socket is ready again (EAGAIN).
    case blocked

    /// EOF from the peer that was read.
    case end

    /// A socket failed with this errno.
    case broken(RelaySide, CInt)
}
