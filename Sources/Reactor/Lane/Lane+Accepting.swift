// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Records

extension Lane {
    /// Notes that a socket cannot be accepted from for now; says so if it is news.
    func paused(
        _ acceptor: Acceptor, listener: ListenerInForce, because error: SystemError, _ fault: HostFault
    ) {
        pausedAcceptors.append(acceptor)
        guard shared.noteAccepting(false) else { return }
        write(.acceptPaused(because: error, fault, on: acceptor.socket.recorded, listener: listener.label))
    }

    /// Tells that a socket listens again that something else on this host has shut down.
    func listensAgain(_ acceptor: Acceptor, listener: ListenerInForce) {
        write(.listensAgain(on: acceptor.socket.recorded, listener: listener.label))
    }

    /// Tells that a socket that was passed does not listen any more.
    func cannotAccept(_ acceptor: Acceptor, listener: ListenerInForce, because error: SystemError) {
        guard shared.noteUnusable(acceptor.socket.raw) else { return }
        write(.passedSocketUnusable(because: error, on: acceptor.socket.recorded, listener: listener.label))
    }

    /// Notes that nobody waits to be accepted; says so if somebody had to.
    ///
    /// Not the first success ends a shortage: the next connection may take the last descriptor again.
    func acceptedAll(under listener: ListenerInForce) {
        guard shared.noteAccepting(true) else { return }
        write(.acceptResumed(listener: listener.label))
    }

    /// Watches the sockets again that were left alone: something was freed.
    func resumeAccepting() {
        let acceptors = pausedAcceptors
        pausedAcceptors.removeAll(keepingCapacity: true)
        for acceptor in acceptors { acceptor.resume() }
    }
}

extension ListeningSocket {
    /// Its address as records have it.
    var recorded: RecordedAddress { RecordedAddress(kind, address) }
}
