// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Records

/// The place of a session at its upstream, after the search.
///
/// It has the member that counts the session, and the data about the search for records.
struct UpstreamPlace {
    let group: UpstreamGroup

    /// The index of the member in the group.
    let member: Int

    /// How many members were tried.
    let attempts: Int

    /// Nanoseconds that the session waited in the queue, and that connecting took.
    let queueTime: UInt64
    let connectTime: UInt64

    /// The failed attempts and refusals: address and reason.
    var failures: [String]

    /// The upstream.
    var upstream: Upstream { group.members[member].upstream }

    /// Gives up the place at the end of the session, and adds its traffic to the counts of the upstream.
    func leave(_ session: Session, _ datagrams: DatagramTraffic? = nil) {
        upstream.countEnd(of: session, datagrams, connectTime: connectTime)
        group.leave(member)
    }

    /// The data about the search for records.
    ///
    /// - Parameter socket: the connected one.
    func trace(of socket: PeerSocket?) -> UpstreamTrace {
        UpstreamTrace(
            upstream: socket.map { RecordedAddress($0.stream.kind, $0.address) },
            connectMicroseconds: connectTime / 1000, queueMicroseconds: queueTime / 1000, attempts: attempts,
            failures: failures)
    }
}

extension UpstreamSearch {
    /// The data about the search for records.
    var trace: UpstreamTrace {
        UpstreamTrace(
            upstream: connected.map { RecordedAddress($0.stream.kind, $0.address) },
            connectMicroseconds: connectTime / 1000, queueMicroseconds: queueTime / 1000, attempts: attempts,
            failures: failures)
    }

    /// Counts the end of a session that kept the search until its end.
    func countEnd(of session: Session, _ datagrams: DatagramTraffic?) {
        guard connected != nil, let member else { return }
        group.members[member].upstream.countEnd(of: session, datagrams, connectTime: connectTime)
    }
}
