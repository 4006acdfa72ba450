// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Glibc

/// Whether datagrams may go joined through a socket, for the kernel to cut up: UDP_SEGMENT of udp(7).
///
/// What the kernel refuses joined is sent apart. Its refusal may be about one path: EMSGSIZE, and EINVAL of older kernels,
/// where a segment is longer than a packet of the path may be; EIO where the interface of the path computes no checksums.
/// So a socket gives up joining only after several refusals in a row, or at once if it knows nothing of it.
package struct DatagramJoining {
    /// How many refusals in a row, with nothing cut up between them, make it give up.
    static let mostRefusals: UInt8 = 8

    /// The most segments that the kernel cuts out of one datagram: `UDP_MAX_SEGMENTS` of Linux before 6.2.
    static let mostSegments = 64

    /// The most bytes of one datagram over IPv4.
    static let longestPayload = 65_507

    private var refusals: UInt8

    /// Begins with what the kernel can do for a kind of socket: it cuts up datagrams of UDP alone.
    package init(_ kind: SocketKind) {
        refusals = kind == .udp ? 0 : Self.mostRefusals
    }

    /// Whether datagrams may be joined.
    package var isAllowed: Bool { refusals < Self.mostRefusals }

    /// Joined datagrams went.
    mutating func went() { refusals = 0 }

    /// Joined datagrams were refused.
    ///
    /// - Returns: whether the error is about the joined ones together, so that each may go by itself. Any other is about the
    ///   peer, or there is no room for anything.
    mutating func refused(_ errno: CInt) -> Bool {
        switch errno {
        case EOPNOTSUPP, ENOPROTOOPT: refusals = Self.mostRefusals
        case EINVAL, EIO: if isAllowed { refusals += 1 }
        // Too long for the path; no memory in one piece; a packet filter that looks at lengths.
        case EMSGSIZE, ENOBUFS, ENOMEM, EPERM: break
        default: return false
        }
        return true
    }
}
