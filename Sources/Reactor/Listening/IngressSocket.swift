// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Where clients come in on one lane: a socket of a listener.
///
/// Concurrency: belongs to one lane.
class IngressSocket: Pollable {
    /// The socket.
    let socket: ListeningSocket

    /// What epoll returns for it.
    var token: UInt64 = 0

    /// The number of the listener: ``ListenerInForce/identifier``.
    var listenerIdentifier = 0

    init(_ socket: ListeningSocket) {
        self.socket = socket
        super.init()
    }

    /// Begins to let clients in.
    func begin() {}

    /// Lets nobody in any more.
    ///
    /// - Parameter leavesBacklog: whether the socket stays open, so that what waits in its backlog is for another one.
    /// - Returns: whether some who wait were not taken yet, or some flows have not ended: then ``Pollable/ready(_:)`` does so
    ///   in turns of its own, and calls ``Lane/ended(_:)`` after the last.
    func end(leavesBacklog: Bool) -> Turn { .done }
}
