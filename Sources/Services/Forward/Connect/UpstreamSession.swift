// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import ProxyProtocol
import Reactor
import Records

/// A session that is relayed to an upstream: the common part of relays, framed relays and flows.
protocol UpstreamSession: Session, UpstreamSearchOwner, RelayedConnection {
    /// The group of its upstream.
    var group: UpstreamGroup { get }

    /// The search for an upstream, until it has ended.
    var ongoingSearch: UpstreamSearch? { get }

    /// Its place at the upstream, after the search has ended.
    var place: UpstreamPlace? { get }

    /// When the next progress record is due; `UInt64.max` for never.
    var progressDeadline: UInt64 { get set }

    /// The earliest other deadline of the session; `UInt64.max` for none.
    var relayDeadline: UInt64 { get }
}

extension UpstreamSession {
    var relayDeadline: UInt64 { .max }

    func isRelayed(to upstream: Upstream) -> Bool {
        ongoingSearch?.isConnected(to: upstream) ?? (place?.upstream === upstream)
    }

    func resume() { ongoingSearch?.resume() }

    func searchDeadlineChanged() { setDeadline() }

    /// When the first progress record is due.
    static func firstProgress(of group: UpstreamGroup, since accepted: UInt64) -> UInt64 {
        group.progressInterval.map { accepted + $0 } ?? .max
    }

    /// Sets the session's deadline to the earliest of all its deadlines.
    func setDeadline() {
        let next = min(ongoingSearch?.nextDeadline ?? .max, progressDeadline, relayDeadline)
        let wanted = next == .max ? nil : next
        if ownDeadline != wanted { ownDeadline = wanted }
    }

    /// Writes a progress record and runs the search's deadlines, if they are due. The session may be closed afterwards.
    func passUpstreamDeadlines() {
        if progressDeadline <= lane.now, let interval = group.progressInterval {
            progressDeadline = lane.now + interval
            lane.recordProgress(of: self)
        }
        ongoingSearch?.deadlineReached()
    }

    /// Why the client is refused because relaying it would loop; nil if it would not.
    ///
    /// The PROXY header of a connection says how often it was relayed. A datagram with a forged source that is a port of
    /// this daemon would be answered without end. A CAN bus has no addresses.
    var loopRefusal: Refusal? {
        guard identity.kind.isDatagram else {
            guard let trail = identity.origin?.trail, trail.next() == nil else { return nil }
            return .loop(Int(trail.hops))
        }
        return identity.kind != .can && lane.isOwnPort(identity.peer) ? .ownAddress : nil
    }
}
