// SPDX-License-Identifier: Apache-2.0

/// Who is to blame that a system call on a socket failed.
///
/// Only a fault of the peer counts against an upstream. What this host lacks is waited for, or told to the client. A
/// datagram's own error loses that datagram alone. A bug of usher ends the process, so that it is restarted.
package enum FaultParty: Equatable, Sendable {
    /// The other side, or the network on the way to it: an upstream, or a client. A CAN interface is the upstream itself.
    case peer

    /// This host.
    case host(HostFault)

    /// The one datagram or message that was to be sent or received.
    case datagram

    /// A bug of usher.
    case usher

    /// Nobody: the call has to be made again, or waited for.
    case pending

    /// What this host lacks, if it is to blame.
    package var hostFault: HostFault? {
        if case .host(let fault) = self { fault } else { nil }
    }
}
