// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Records

extension Lane {
    /// Notes that a socket cannot be accepted from for now; says so if it is news.
    func paused(_ acceptor: Acceptor, profile: ListenerProfile, because error: SystemError) {
        pausedAcceptors.append(acceptor)
        guard shared.noteAccepting(false) else { return }
        let message =
            "cannot accept connections: \(error.reason) (\(error.symbol)). Whoever connects waits in the backlog until"
            + " there is room again; raise LimitNOFILE= of the unit, or lower max-connections"
        let record = DaemonRecord(
            time: Clock.realtime, .acceptPaused, message, listener: profile.label,
            local: RecordedAddress(acceptor.socket.kind, acceptor.socket.address), errno: error.errno)
        records.append(record, now: now)
    }

    /// Notes that nobody waits to be accepted; says so if somebody had to.
    ///
    /// Not the first success ends a shortage: the next connection may take the last descriptor again.
    func acceptedAll(under profile: ListenerProfile) {
        guard shared.noteAccepting(true) else { return }
        let record = DaemonRecord(
            time: Clock.realtime, .acceptResumed, "accepting connections again", listener: profile.label)
        records.append(record, now: now)
    }

    /// Watches the sockets again that were left alone: something was freed.
    func resumeAccepting() {
        let acceptors = pausedAcceptors
        pausedAcceptors.removeAll(keepingCapacity: true)
        for acceptor in acceptors { acceptor.resume() }
    }
}
