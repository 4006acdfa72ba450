// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor

/// What an error of a connected datagram socket means for its session.
enum DatagramFault {
    /// One datagram was dropped; the session keeps its upstream.
    case datagram

    /// One datagram was dropped for lack of a route, or of the permission to send.
    ///
    /// This host may get either back, so the session keeps its upstream.
    case host(HostFault)

    /// The session has to use another upstream, or end.
    case upstream(FaultParty)

    /// Classifies an error. Ends the process for an error that only a bug of usher can cause.
    ///
    /// - Parameter canLeave: whether another upstream can be sent everything that this one was sent.
    init(_ error: SystemError, of socket: PeerSocket, canLeave: Bool) {
        let party = FaultParty(error, over: socket.stream.kind)
        switch party {
        case .datagram, .pending:
            self = .datagram
        case .host(let fault) where fault.isShortage:
            self = .datagram
        case .host(let fault) where !canLeave && !socket.address.isUnusable(after: error.errno):
            self = .host(fault)
        case .usher:
            OwnBug.exit(because: error)
        case .peer, .host:
            self = .upstream(party)
        }
    }
}
