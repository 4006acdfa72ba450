// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Where clients come in on one lane: a socket of a listener.
///
/// Concurrency: belongs to one lane.
class Gate: Pollable {
    /// The socket.
    let socket: ListeningSocket

    /// What epoll returns for it.
    var token: UInt64 = 0

    init(_ socket: ListeningSocket) {
        self.socket = socket
        super.init()
    }

    /// Begins to let clients in.
    func begin() {}

    /// Lets nobody in any more.
    func end() {}
}
