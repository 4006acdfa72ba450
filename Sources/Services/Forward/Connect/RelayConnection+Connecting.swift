// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Records

extension RelayConnection: UpstreamConnector {
    var queueLimit: Int { group.settings.queueLimit }

    /// Chooses the first member to try, or lines up for one.
    ///
    /// - Returns: why the client cannot be served.
    func findUpstream() -> Refusal? {
        let source = Balancer.sourceHash(of: identity.peer, uid: identity.credentials?.uid)
        let connecting = Connecting<UpstreamSocket>(ticket: group.makeTicket(), source: source)
        self.connecting = connecting
        return findMember(connecting)
    }

    func connect(to index: Int, _ connecting: Connecting<UpstreamSocket>) throws(SystemError) -> Bool {
        let address = connecting.addresses[index]
        // Towards this host what the client has sent goes along: see ``sendEarly(to:_:)``.
        if connecting.maySendEarly, connecting.addresses.count == 1, address.isLoopback {
            connecting.awaitsClient = true
            return false
        }
        let descriptor = try OutgoingSocket.make(
            upstreamKind, for: address, from: group.settings.source, timers: upstreamMember?.timers)
        let socket = UpstreamSocket(descriptor, to: address, index: index, relay: self)
        let stands = try OutgoingSocket.connect(socket.raw, to: address, upstreamMember?.upstream.selfConnects)
        if !stands { try socket.watch(forRoom: true, on: lane) }
        connecting.sockets.append(socket)
        return stands
    }

    /// The member that is being tried.
    var upstreamMember: UpstreamGroup.Member? { member.map { group.members[$0] } }

    func stands(_ socket: UpstreamSocket, _ connecting: Connecting<UpstreamSocket>) {
        stands(socket, connecting, isWritable: true, clientIsEmpty: false)
    }

    /// This one stands; the other attempts are closed.
    ///
    /// - Parameters:
    ///   - isWritable: whether it is known to take more.
    ///   - clientIsEmpty: whether all that the client has sent was read.
    func stands(
        _ socket: UpstreamSocket, _ connecting: Connecting<UpstreamSocket>, isWritable: Bool, clientIsEmpty: Bool
    ) {
        if let header = group.header(for: self) { toUpstream.held.prepend(header) }
        do throws(SystemError) {
            if !socket.isWatched { try socket.watch(forRoom: toUpstream.isHolding, on: lane) }
        } catch {
            socket.close(on: lane)
            return close(.error, by: .daemon, errno: error.errno)
        }
        noteSuccess(connecting)
        connected(to: socket, connecting, isWritable: isWritable, clientIsEmpty: clientIsEmpty)
    }

    func giveUp(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        try? StreamSocket.resetOnClose(raw)
        close(reason, by: party, errno: errno)
    }
}
