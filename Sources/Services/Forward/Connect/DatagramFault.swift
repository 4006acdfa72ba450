// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor

/// What an error of a connected datagram socket means for the session that it belongs to.
enum DatagramFault {
    /// One datagram is lost, and the session keeps its upstream.
    case datagram

    /// One datagram is lost, since this host lacks something that may come back: a route, or the permission to send.
    case host(HostFault)

    /// The session has to leave its upstream, or end.
    case upstream(FaultParty)

    /// Ends the process for an error that a bug of usher alone explains.
    ///
    /// - Parameter canLeave: whether another upstream can have all that this one was sent.
    init(_ error: SystemError, of socket: PeerSocket, canLeave: Bool) {
        let party = FaultParty(error, over: socket.stream.kind)
        switch party {
        case .datagram, .pending:
            self = .datagram
        case .host(let fault) where fault.isShortage:
            self = .datagram
        case .host(let fault) where !canLeave && !socket.address.isLost(after: error.errno):
            self = .host(fault)
        case .usher:
            OwnBug.end(because: error)
        case .peer, .host:
            self = .upstream(party)
        }
    }
}
