// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// A listener's socket on one lane: an ``Acceptor`` or a ``DatagramPort``.
///
/// Concurrency: belongs to one lane.
class IngressSocket: Pollable {
    /// The listening socket.
    let socket: ListeningSocket

    /// The token that epoll returns for it.
    var token: UInt64 = 0

    /// The number of the listener: ``ListenerInForce/identifier``.
    var listenerIdentifier = 0

    init(_ socket: ListeningSocket) {
        self.socket = socket
        super.init()
    }

    /// Starts accepting or receiving.
    func begin() {}

    /// Applies ``ListenerState/isPaused`` after a change.
    func followPause() {}

    /// Stops accepting or receiving.
    ///
    /// - Parameter leavesBacklog: whether the socket stays open for another listener or lane, which gets what is in the
    ///   backlog.
    /// - Returns: whether connections in the backlog or flows are left: then ``Pollable/ready(_:)`` handles them in turns
    ///   of its own, and calls ``Lane/ended(_:)`` after the last.
    func end(leavesBacklog: Bool) -> Turn { .done }
}
