// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Records

/// The place of a session at its upstream, once the search is over: the member that counts it, and what its records say of the
/// search.
struct UpstreamPlace {
    let group: UpstreamGroup

    /// The index of the member in the group.
    let member: Int

    /// How many members were tried.
    let attempts: Int

    /// Nanoseconds that the session waited in the line, and that the connection took.
    let queueTime: UInt64
    let connectTime: UInt64

    /// What was not reached, or has refused the session, and how.
    var failures: [String]

    /// The upstream.
    var upstream: Upstream { group.members[member].upstream }

    /// Gives the place up at the end of its session, of which the upstream counts what it moved.
    func leave(_ session: Session, _ datagrams: DatagramTraffic? = nil) {
        upstream.countEnd(of: session, datagrams, connectTime: connectTime)
        group.leave(member)
    }

    /// What records say of it.
    ///
    /// - Parameter socket: the one that is connected.
    func trace(of socket: PeerSocket?) -> UpstreamTrace {
        UpstreamTrace(
            upstream: socket.map { RecordedAddress($0.stream.kind, $0.address) },
            connectMicroseconds: connectTime / 1000, queueMicroseconds: queueTime / 1000, attempts: attempts,
            failures: failures)
    }
}

extension UpstreamSearch {
    /// What records say of it.
    var trace: UpstreamTrace {
        UpstreamTrace(
            upstream: connected.map { RecordedAddress($0.stream.kind, $0.address) },
            connectMicroseconds: connectTime / 1000, queueMicroseconds: queueTime / 1000, attempts: attempts,
            failures: failures)
    }

    /// Counts the end of a session for which the search was to the last.
    func countEnd(of session: Session, _ datagrams: DatagramTraffic?) {
        guard connected != nil, let member else { return }
        group.members[member].upstream.countEnd(of: session, datagrams, connectTime: connectTime)
    }
}
