// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Glibc
package import LinuxSystem
package import Records

/// How a connection ends after a call on one of its sockets has failed: what its close record says.
package struct BrokenEnd: Equatable {
    /// The reason: a reset by that side, or an error.
    package let reason: CloseReason

    /// The side, or the daemon where this host is to blame.
    package let party: CloseParty

    /// What the kernel said, where it is no reset.
    package let errno: CInt

    /// The end after an error of the socket of one side.
    ///
    /// - Parameters:
    ///   - side: the client or the upstream.
    ///   - kind: what the socket is.
    package init(_ errno: CInt, of side: CloseParty, over kind: SocketKind) {
        switch errno {
        // shutdown(2) says ENOTCONN of a socket that was reset.
        case ECONNRESET, EPIPE, ENOTCONN:
            (reason, party, self.errno) = (side == .client ? .resetByClient : .resetByUpstream, side, 0)
        // A message is longer than the socket can take or send.
        case EMSGSIZE:
            (reason, party, self.errno) = (.messageTooLong, side, errno)
        default:
            let isOfHost = FaultParty(.receive, errno: errno, over: kind).hostFault != nil
            (reason, party, self.errno) = (.error, isOfHost ? .daemon : side, errno)
        }
    }
}

extension Session {
    /// Closes the session after an error of the socket of one side.
    package final func close(after error: SystemError, of side: CloseParty, over kind: SocketKind) {
        let end = BrokenEnd(error.errno, of: side, over: kind)
        close(end.reason, by: end.party, errno: end.errno)
    }
}
