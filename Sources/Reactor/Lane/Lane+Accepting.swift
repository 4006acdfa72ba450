// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Records

extension Lane {
    /// Notes that a socket cannot be accepted from for now; says so if it is news.
    func paused(
        _ acceptor: Acceptor, listener: ListenerInForce, because error: SystemError, _ fault: HostFault
    ) {
        pausedAcceptors.append(acceptor)
        guard shared.noteAccepting(false) else { return }
        let advice =
            switch fault {
            case .descriptors where error.errno == ENFILE: "raise `fs.file-max`, or lower max-connections"
            case .descriptors: "raise LimitNOFILE= of the unit, or lower max-connections"
            case .memory, .buffers: "see `free` and `net.ipv4.tcp_mem`, or lower max-connections"
            case .watches: "raise `fs.epoll.max_user_watches`"
            default: "see SystemCallFilter= of the unit and the security modules of the kernel"
            }
        let message =
            "cannot accept connections: \(error.reason) (\(error.symbol)). Clients wait in the backlog until it works"
            + " again; \(advice)"
        let record = DaemonRecord(
            time: Clock.realtime, .acceptPaused, message, listener: listener.label,
            local: RecordedAddress(acceptor.socket.kind, acceptor.socket.address), errno: error.errno)
        records.append(record, now: now)
    }

    /// Tells that a socket listens again that something else on this host has shut down.
    func listensAgain(_ acceptor: Acceptor, listener: ListenerInForce) {
        let address = RecordedAddress(acceptor.socket.kind, acceptor.socket.address)
        write(
            DaemonRecord(
                time: Clock.realtime, .warning,
                "another program has shut down the socket of \(address), as `ss --kill` does, and with it the connections"
                    + " that waited to be accepted; it listens again", listener: listener.label, local: address))
    }

    /// Tells that a socket that was passed does not listen any more.
    func cannotAccept(_ acceptor: Acceptor, listener: ListenerInForce, because error: SystemError) {
        guard shared.noteUnusable(acceptor.socket.raw) else { return }
        let address = RecordedAddress(acceptor.socket.kind, acceptor.socket.address)
        write(
            DaemonRecord(
                time: Clock.realtime, .failed,
                "cannot accept connections on \(address): \(error.reason) (\(error.symbol)); the socket that systemd passed"
                    + " does not listen any more. Restart its socket unit, and then usherd",
                listener: listener.label, local: address, errno: error.errno))
    }

    /// Notes that nobody waits to be accepted; says so if somebody had to.
    ///
    /// Not the first success ends a shortage: the next connection may take the last descriptor again.
    func acceptedAll(under listener: ListenerInForce) {
        guard shared.noteAccepting(true) else { return }
        let record = DaemonRecord(
            time: Clock.realtime, .acceptResumed, "accepting connections again", listener: listener.label)
        records.append(record, now: now)
    }

    /// Watches the sockets again that were left alone: something was freed.
    func resumeAccepting() {
        let acceptors = pausedAcceptors
        pausedAcceptors.removeAll(keepingCapacity: true)
        for acceptor in acceptors { acceptor.resume() }
    }
}
