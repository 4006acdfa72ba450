// SPDX-License-Identifier: Apache-2.0

import Addresses
import ControlProtocol
import Records

/// A ``ControlProtocol/HistoryFilter`` in the values that records have.
struct HistoryMatch: Sendable {
    private let listener: String?
    private let service: String?
    private let peer: IPNetwork?
    private let upstream: String?
    private let causes: EndCauses?
    private let isRefused: Bool?

    /// Reads what a client sent.
    ///
    /// - Throws: `InvalidParameter` with `filter`, if the peer is no network and no address, or the reason none that there is.
    init(_ filter: HistoryFilter) throws(VarlinkError) {
        listener = filter.listener
        service = filter.service
        upstream = filter.upstream
        isRefused = filter.refused
        causes = filter.reason.flatMap { EndCauses($0) }
        guard filter.reason == nil || causes != nil else { throw .invalidParameter("filter") }
        do throws(IPNetworkMistake) {
            peer = try filter.peer.map { (text) throws(IPNetworkMistake) in try IPNetwork(parsing: text) }
        } catch {
            throw .invalidParameter("filter")
        }
    }

    /// Whether a record matches.
    func matches(_ record: borrowing ConnectionRecord) -> Bool {
        if let listener, record.listener.name != listener { return false }
        if let service, record.listener.service != service { return false }
        if let peer, !peer.contains(record.peer) { return false }
        guard matchesEvent(record) else { return false }
        guard let upstream else { return true }
        switch record.upstream {
        case .some(let trace): return trace.upstream?.description == upstream
        case nil: return false
        }
    }

    private func matchesEvent(_ record: borrowing ConnectionRecord) -> Bool {
        switch record.event {
        case .close(let end): return isRefused != true && (causes?.contains(end.reason) ?? true)
        case .refused(let cause): return isRefused != false && (causes?.contains(cause.kind) ?? true)
        case .open, .live, .progress: return false
        }
    }
}
