// SPDX-License-Identifier: Apache-2.0

/// What a ``Relay`` does to its two sockets. There are two: real ones, and those of the test that tries every order of
/// events.
public protocol RelayTransport: AnyObject {
    /// How many reads of one peer a turn may take.
    var readsPerTurn: Int { get }

    /// Reads once from a peer, and offers what came to the other; what that does not take is held.
    func pass(from side: RelaySide) -> RelayStep

    /// Offers what is held for a peer.
    func flush(to side: RelaySide) -> RelayStep

    /// The error of a socket, which it tells once: SO_ERROR of socket(7). Returns an errno, or 0.
    func error(of side: RelaySide) -> CInt

    /// Tells a peer that no more comes: shutdown(2). Returns an errno, or 0.
    func finish(_ side: RelaySide) -> CInt
}

/// What came of a step.
public enum RelayStep: Equatable {
    /// Bytes moved.
    case moved(isEmpty: Bool, isHeld: Bool)

    /// Nothing can be done until the socket is ready again.
    case blocked

    /// The peer that was read has finished.
    case end

    /// A socket broke, with this errno.
    case broken(RelaySide, CInt)
}
