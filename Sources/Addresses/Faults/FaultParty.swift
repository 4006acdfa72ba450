// SPDX-License-Identifier: Apache-2.0

/// The party that caused a system call on a socket to fail.
///
/// Only a fault of the peer counts against an upstream. If this host lacks something, the connection waits or the client is
/// refused. An error of one datagram loses only that datagram. A bug of usher ends the process, so that it is restarted.
package enum FaultParty: Equatable, Sendable {
    /// The peer, or the network to it: an upstream or a client. For CAN, the interface counts as the upstream.
    case peer

    /// This host.
    case host(HostFault)

    /// The one datagram or message that was being sent or received.
    case datagram

    /// A bug of usher.
    case usher

    /// No party: the call must be repeated, or its completion awaited.
    case pending

    /// What this host lacks, if it is the cause.
    package var hostFault: HostFault? {
        if case .host(let fault) = self { fault } else { nil }
    }
}
