// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import LinuxSystem
import Reactor
import Relaying

extension UpstreamSession {
    /// Adds what is known of the upstream, and of the deadlines of the relay.
    func addDetail(to detail: inout SessionDetail) {
        detail.add("progress-interval", progressDeadline)
        if let search = ongoingSearch {
            detail.add("connect-timeout", search.connected == nil ? search.deadline : nil)
            detail.add("queue-timeout", search.connected == nil ? search.roomDeadline : nil)
        }
        switch self {
        case let relay as RelaySession: relay.addSides(to: &detail)
        case let relay as FramedSession: relay.addSides(to: &detail)
        case let flow as DatagramRelay: detail.add(flow.upstream, connectTime: flow.place?.connectTime)
        case let flow as FramedFlow: flow.addSides(to: &detail)
        default: break
        }
    }
}

extension RelaySession {
    fileprivate func addSides(to detail: inout SessionDetail) {
        detail.add("half-close-timeout", halfCloseDeadline)
        if relay.isHalfClosed, halfCloseDeadline != .max, let timeout = group.halfCloseTimeout {
            // It counts from the moment when one direction had ended.
            detail.halfClosed = halfCloseDeadline &- timeout
        }
        detail.client?.held = toClient.held.count
        detail.client?.piped = toClient.pipe?.count ?? 0
        guard let peer else { return }
        detail.connected = place.map { peer.begun &+ $0.connectTime }
        var side = SessionDetail.Side(upstream)
        side.held = toUpstream.held.count
        side.piped = toUpstream.pipe?.count ?? 0
        side.transfer = toClient.mode.status
        detail.upstream = side
        detail.client?.transfer = toUpstream.mode.status
    }
}

extension FramedSession {
    fileprivate func addSides(to detail: inout SessionDetail) {
        detail.add("half-close-timeout", halfCloseDeadline)
        detail.add("closing", silenceDeadline)
        detail.client?.held = output.count
        detail.client?.transfer = .copying
        detail.add(upstream, connectTime: search.connectTime, held: input.count)
    }
}

extension FramedFlow {
    fileprivate func addSides(to detail: inout SessionDetail) {
        detail.add(upstream, connectTime: place?.connectTime, held: output.count)
    }
}

extension SessionDetail {
    /// Adds the socket of an upstream, if there is one.
    fileprivate mutating func add(_ socket: PeerSocket?, connectTime: UInt64?, held: Int = 0) {
        guard let socket else { return }
        connected = socket.begun &+ (connectTime ?? 0)
        var side = Side(socket.stream)
        side.transfer = .copying
        side.held = held
        upstream = side
    }
}

extension TransferMode {
    fileprivate var status: SideStatus.Transfer {
        switch self {
        case .splicing: .splicing
        case .copying, .onlyCopying: .copying
        }
    }
}
