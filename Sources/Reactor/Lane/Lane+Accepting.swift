// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Records

extension Lane {
    /// Adds an acceptor that has paused, and records the pause unless accepting is paused already.
    func didPause(
        _ acceptor: Acceptor, listener: ListenerInForce, because error: SystemError, _ fault: HostFault
    ) {
        pausedAcceptors.append(acceptor)
        guard shared.noteAccepting(false) else { return }
        write(.acceptPaused(because: error, fault, on: acceptor.socket.recorded, listener: listener.label))
    }

    /// Records that a socket listens again, after something else on this host had shut it down.
    func recordListensAgain(_ acceptor: Acceptor, listener: ListenerInForce) {
        write(.listensAgain(on: acceptor.socket.recorded, listener: listener.label))
    }

    /// Records that a socket passed by systemd does not listen any more; once for all lanes.
    func recordUnusable(_ acceptor: Acceptor, listener: ListenerInForce, because error: SystemError) {
        guard shared.noteUnusable(acceptor.socket.raw) else { return }
        write(.passedSocketUnusable(because: error, on: acceptor.socket.recorded, listener: listener.label))
    }

    /// Called when a backlog is empty. If accepting was paused, records that it has resumed.
    ///
    /// A single accept that succeeds does not end a shortage: the next connection may need the last descriptor again.
    func backlogEmptied(under listener: ListenerInForce) {
        guard shared.noteAccepting(true) else { return }
        write(.acceptResumed(listener: listener.label))
    }

    /// Resumes the paused acceptors, after a descriptor or another resource was freed.
    func resumeAccepting() {
        let acceptors = pausedAcceptors
        pausedAcceptors.removeAll(keepingCapacity: true)
        for acceptor in acceptors { acceptor.resume() }
    }
}

extension ListeningSocket {
    /// Its kind and address, as records have them.
    var recorded: RecordedAddress { RecordedAddress(kind, address) }
}
