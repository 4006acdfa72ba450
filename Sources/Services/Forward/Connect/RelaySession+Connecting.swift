// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import Records

extension RelaySession: UpstreamSession {
    var ongoingSearch: UpstreamSearch? { search }

    var relayDeadline: UInt64 { search == nil ? halfCloseDeadline : .max }

    /// Whether the client's first bytes can be sent with the connection attempt: only to this host.
    ///
    /// See ``clientReadyEarly(_:)``.
    func sendsFirstBytesEarly(to address: SocketAddress) -> Bool { client.kind.isByteStream && address.isLoopback }

    func searchSucceeded(_ socket: PeerSocket) {
        guard let search else { return }
        begin(with: socket, of: search, isWritable: true, clientIsEmpty: false)
    }

    /// Begins to relay.
    ///
    /// - Parameters:
    ///   - isWritable: whether the upstream's socket is writable: no write was short.
    ///   - clientIsEmpty: whether everything that the client has sent was read.
    func begin(with socket: PeerSocket, of search: UpstreamSearch, isWritable: Bool, clientIsEmpty: Bool) {
        if let header = search.group.header(for: self) { toUpstream.held.prepend(header) }
        do throws(SystemError) {
            if toUpstream.isHolding { try socket.awaitWritable(on: lane) }
            try socket.watch(on: lane)
        } catch {
            return close(.error, by: .daemon, errno: error.errno)
        }
        connected(to: socket, of: search, isWritable: isWritable, clientIsEmpty: clientIsEmpty)
    }

    func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        client.resetOnClose()
        close(reason, by: party, errno: errno)
    }
}
