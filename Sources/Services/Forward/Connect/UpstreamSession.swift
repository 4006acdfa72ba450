// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import ProxyProtocol
import Reactor
import Records

/// A session that is relayed to an upstream: what relays, framed relays and flows have in common.
protocol UpstreamSession: Session, UpstreamSearchOwner, RelayedConnection {
    /// The group of its upstream.
    var group: UpstreamGroup { get }

    /// The search for an upstream, as long as it lasts.
    var ongoingSearch: UpstreamSearch? { get }

    /// Its place at the upstream, once the search is over.
    var place: UpstreamPlace? { get }

    /// When the next record of progress is due; `UInt64.max` for never.
    var progressDeadline: UInt64 { get set }

    /// The earliest deadline that the session has beside these; `UInt64.max` for none.
    var relayDeadline: UInt64 { get }
}

extension UpstreamSession {
    var relayDeadline: UInt64 { .max }

    func isRelayed(to upstream: Upstream) -> Bool {
        ongoingSearch?.isConnected(to: upstream) ?? (place?.upstream === upstream)
    }

    func resume() { ongoingSearch?.resume() }

    func searchDeadlineChanged() { setDeadline() }

    /// When the first record of progress is due.
    static func firstProgress(of group: UpstreamGroup, since accepted: UInt64) -> UInt64 {
        group.progressInterval.map { accepted + $0 } ?? .max
    }

    /// Has `deadlineReached()` called when there is something to do.
    func setDeadline() {
        let next = min(ongoingSearch?.nextDeadline ?? .max, progressDeadline, relayDeadline)
        let wanted = next == .max ? nil : next
        if ownDeadline != wanted { ownDeadline = wanted }
    }

    /// Writes a record of progress if one is due, and has the search do what is due. Then the session may be closed.
    func passUpstreamDeadlines() {
        if progressDeadline <= lane.now, let interval = group.progressInterval {
            progressDeadline = lane.now + interval
            lane.recordProgress(of: self)
        }
        ongoingSearch?.deadlineReached()
    }

    /// Why the client is refused where relaying it would go in a circle; nil where it would not.
    ///
    /// A connection says by its PROXY header how often it was relayed. The answer to a datagram with a forged source would be
    /// answered in turn, without end; a bus has no addresses.
    var loopRefusal: Refusal? {
        guard identity.kind.isDatagram else {
            guard let trail = identity.origin?.trail, trail.next() == nil else { return nil }
            return .loop(Int(trail.hops))
        }
        return identity.kind != .can && lane.isOwnPort(identity.peer) ? .ownAddress : nil
    }
}
