// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
public import Records

/// The state of a connection or flow at one moment, for a list of what is open.
public struct LiveSession: ~Copyable {
    /// Its number, addresses and listener.
    public let identity: Identity

    /// Its traffic, and how long it has lasted.
    public let traffic: ConnectionTraffic

    /// Nanoseconds since the last byte moved.
    public let idleTime: UInt64

    /// Its upstream, if it is relayed.
    public let upstream: UpstreamTrace?
}

extension Lane {
    /// Lists the connections and flows in the next slots of the lane.
    ///
    /// Call it again in a later turn with the cursor that it returns. A session that stays open is listed exactly once.
    ///
    /// - Parameters:
    ///   - cursor: 0 to begin.
    ///   - limit: how many slots to look at.
    ///   - body: called with each, and its state. It may end the session.
    /// - Returns: the cursor to continue with; nil after the last.
    package func snapshot(from cursor: Int, limit: Int, _ body: (Session, borrowing LiveSession) -> Void) -> Int? {
        var next = min(max(cursor, 0), table.capacity)
        let end = next + min(max(limit, 1), table.capacity - next)
        while next < end {
            if let session = table[next] as? Session, session.isOpen, session.isAnnounced {
                body(session, liveState(of: session))
            }
            next += 1
        }
        return end < table.capacity ? end : nil
    }

    /// Looks for the open session with a number in the next slots of the lane, as ``snapshot(from:limit:_:)`` lists them.
    ///
    /// - Returns: the session; if it was not found, the cursor to continue with, which is nil after the last slot.
    package func find(number: UInt64, from cursor: Int, limit: Int) -> (session: Session?, next: Int?) {
        var next = min(max(cursor, 0), table.capacity)
        let end = next + min(max(limit, 1), table.capacity - next)
        while next < end {
            if let session = table[next] as? Session, session.identity.number == number, session.isOpen,
                session.isAnnounced
            {
                return (session, nil)
            }
            next += 1
        }
        return (nil, end < table.capacity ? end : nil)
    }

    /// The present state of a session.
    package func liveState(of session: Session) -> LiveSession {
        let snapshot = session.snapshot()
        return LiveSession(
            identity: session.identity, traffic: traffic(of: session, snapshot.datagrams),
            idleTime: Clock.span(from: session.lastActivity, to: now), upstream: snapshot.upstream)
    }

    /// The traffic of a session so far.
    package func traffic(of session: Session, _ datagrams: DatagramTraffic?) -> ConnectionTraffic {
        ConnectionTraffic(
            bytesIn: session.bytesIn, bytesOut: session.bytesOut, datagrams: datagrams,
            durationMicroseconds: Clock.span(from: session.identity.accepted, to: now) / 1000)
    }
}
