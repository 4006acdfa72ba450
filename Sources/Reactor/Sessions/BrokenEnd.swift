// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Glibc
package import LinuxSystem
package import Records

/// The reason, party and errno of a `close` record after a call on a socket has failed.
package struct BrokenEnd: Equatable {
    /// The reason: a reset by that side, a message that is too long, or an error.
    package let reason: CloseReason

    /// The side, or the daemon if this host is the cause.
    package let party: CloseParty

    /// The kernel's error number; 0 for a reset.
    package let errno: CInt

    /// Makes the end from an error of the socket of one side.
    ///
    /// - Parameters:
    ///   - side: the client or the upstream.
    ///   - kind: the kind of the socket.
    package init(_ errno: CInt, of side: CloseParty, over kind: SocketKind) {
        switch errno {
        // shutdown(2) fails with ENOTCONN on a socket that was reset.
        case ECONNRESET, EPIPE, ENOTCONN:
            (reason, party, self.errno) = (side == .client ? .resetByClient : .resetByUpstream, side, 0)
        // A message longer than the socket can receive or send.
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
