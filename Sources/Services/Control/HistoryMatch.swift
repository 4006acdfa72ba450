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
    private let reason: CloseReason?
    private let refusal: Refusal.Kind?
    private let isRefused: Bool?

    /// Reads what a client sent.
    ///
    /// - Throws: `InvalidParameter` with `filter`, if the peer is no network and no address, or the reason none that there is.
    init(_ filter: HistoryFilter) throws(VarlinkError) {
        listener = filter.listener
        service = filter.service
        upstream = filter.upstream
        isRefused = filter.refused
        reason = CloseReason.allCases.first { "\($0.name)" == filter.reason }
        refusal = Refusal.Kind.allCases.first { $0.name == filter.reason }
        guard filter.reason == nil || reason != nil || refusal != nil else { throw .invalidParameter("filter") }
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
        let hasReason = reason != nil || refusal != nil
        switch record.event {
        case .close(let end): return isRefused != true && (!hasReason || end.reason == reason)
        case .refused(let cause): return isRefused != false && (!hasReason || cause.kind == refusal)
        case .open, .live, .progress: return false
        }
    }
}
