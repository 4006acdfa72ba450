// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Records

extension RelayConnection: UpstreamConnector, PeerSocketOwner {
    var queueLimit: Int { group.settings.queueLimit }

    /// Chooses the first member to try, or lines up for one.
    ///
    /// - Returns: why the client cannot be served.
    func findUpstream() -> Refusal? {
        let source = Balancer.sourceHash(of: identity.peer, uid: identity.credentials?.uid)
        let connecting = Connecting(ticket: group.makeTicket(), source: source)
        self.connecting = connecting
        return findMember(connecting)
    }

    func connect(to index: Int, _ connecting: Connecting) throws(SystemError) -> Bool {
        let address = connecting.addresses[index]
        // Towards this host what the client has sent goes along: see ``sendEarly(to:_:)``.
        if connecting.maySendEarly, connecting.addresses.count == 1, address.isLoopback {
            connecting.awaitsClient = true
            return false
        }
        guard let socket = try makeSocket(to: index, connecting) else { return false }
        if !socket.stream.isConnected { try socket.watch(on: lane) }
        connecting.sockets.append(socket)
        return socket.stream.isConnected
    }

    /// Makes a socket for one of the addresses of the member that is tried, and begins to connect it; nil without a member.
    ///
    /// - Parameter hasData: whether the first bytes are at hand.
    func makeSocket(
        to index: Int, _ connecting: Connecting, hasData: Bool = false
    ) throws(SystemError) -> PeerSocket? {
        guard let member = member.map({ group.members[$0] }) else { return nil }
        return try PeerSocket(
            connectingTo: connecting.addresses[index], index: index, of: member.upstream, from: group.settings.source,
            timers: member.timers, owner: self, on: lane, hasData: hasData)
    }

    func stands(_ socket: PeerSocket, _ connecting: Connecting) {
        stands(socket, connecting, isWritable: true, clientIsEmpty: false)
    }

    /// This one stands; the other attempts are closed.
    ///
    /// - Parameters:
    ///   - isWritable: whether it is known to take more.
    ///   - clientIsEmpty: whether all that the client has sent was read.
    func stands(
        _ socket: PeerSocket, _ connecting: Connecting, isWritable: Bool, clientIsEmpty: Bool
    ) {
        if let header = group.header(for: self) { toUpstream.held.prepend(header) }
        do throws(SystemError) {
            if toUpstream.isHolding { try socket.awaitWritable(on: lane) }
            if !socket.isWatched { try socket.watch(on: lane) }
        } catch {
            socket.close(on: lane)
            return close(.error, by: .daemon, errno: error.errno)
        }
        noteSuccess(connecting)
        connected(to: socket, connecting, isWritable: isWritable, clientIsEmpty: clientIsEmpty)
    }

    func giveUp(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        client.resetOnClose()
        close(reason, by: party, errno: errno)
    }
}
