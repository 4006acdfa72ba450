// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Glibc

/// Whether a socket may send joined datagrams for the kernel to split: UDP_SEGMENT of udp(7).
///
/// Datagrams that the kernel refuses joined are sent one by one. A refusal may concern one path only: EMSGSIZE, and EINVAL of
/// older kernels, where a segment is longer than the path's MTU allows; EIO where the interface of the path computes no
/// checksums. So joining stops only after several refusals in a row, or at once where the socket does not know the option.
package struct DatagramJoining {
    /// How many refusals in a row, with no success between them, stop joining.
    static let mostRefusals: UInt8 = 8

    /// The most segments in one call: `UDP_MAX_SEGMENTS` of Linux before 6.2.
    static let mostSegments = 64

    /// The most bytes of one UDP datagram over IPv4.
    static let longestPayload = 65_507

    private var refusals: UInt8

    /// Joining starts allowed for UDP alone: the kernel splits no other datagrams.
    package init(_ kind: SocketKind) {
        refusals = kind == .udp ? 0 : Self.mostRefusals
    }

    /// Whether datagrams may be joined.
    package var isAllowed: Bool { refusals < Self.mostRefusals }

    /// Resets the count of refusals after joined datagrams were sent.
    mutating func went() { refusals = 0 }

    /// Counts a refusal of joined datagrams.
    ///
    /// - Returns: whether the error concerns the joining, so that each datagram should be sent by itself. Other errors concern
    ///   the peer or a full buffer.
    mutating func refused(_ errno: CInt) -> Bool {
        switch errno {
        case EOPNOTSUPP, ENOPROTOOPT: refusals = Self.mostRefusals
        case EINVAL, EIO: if isAllowed { refusals += 1 }
        // Longer than the path's MTU; no contiguous memory; a packet filter that checks lengths.
        case EMSGSIZE, ENOBUFS, ENOMEM, EPERM: break
        default: return false
        }
        return true
    }
}
