// SPDX-License-Identifier: Apache-2.0

import Addresses
import ControlProtocol
import Reactor
import Records

/// A ``ControlProtocol/ConnectionFilter`` in the values that a lane compares.
struct SessionFilter: Sendable {
    private let numbers: Set<UInt64>?
    private let listener: String?
    private let service: String?
    private let peer: IPNetwork?
    private let upstream: String?
    private let leastDuration: UInt64
    private let leastIdle: UInt64

    /// Reads what a client sent.
    ///
    /// - Throws: `InvalidParameter` with `filter`, if the peer is no network and no address.
    init(_ filter: ConnectionFilter) throws(VarlinkError) {
        numbers = filter.numbers.map(Set.init)
        listener = filter.listener
        service = filter.service
        upstream = filter.upstream
        leastDuration = filter.olderMicroseconds ?? 0
        leastIdle = filter.idleMicroseconds ?? 0
        guard let text = filter.peer else {
            peer = nil
            return
        }
        do throws(IPNetworkMistake) {
            peer = try IPNetwork(parsing: text)
        } catch {
            throw .invalidParameter("filter")
        }
    }

    /// Whether a session matches.
    func matches(_ session: borrowing LiveSession) -> Bool {
        if let numbers, !numbers.contains(session.identity.number) { return false }
        let label = session.identity.listener.label
        if let listener, label.name != listener { return false }
        if let service, label.service != service { return false }
        if let peer, !peer.contains(session.identity.peer) { return false }
        if session.traffic.durationMicroseconds < leastDuration || session.idleTime / 1000 < leastIdle { return false }
        guard let upstream else { return true }
        return session.upstreamAddress?.description == upstream
    }
}
