// SPDX-License-Identifier: Apache-2.0

package import Addresses
import CLinux
import Glibc

extension SocketKind {
    /// The type for socket(2).
    package var type: CInt {
        switch self {
        case .tcp, .unixStream, .vsock: CInt(SOCK_STREAM.rawValue)
        case .unixSeqpacket, .rds: CInt(SOCK_SEQPACKET.rawValue)
        case .udp, .unixDatagram: CInt(SOCK_DGRAM.rawValue)
        case .can: CInt(SOCK_RAW.rawValue)
        }
    }

    /// Makes a non-blocking socket of this kind for an address: socket(2).
    package func makeSocket(for address: SocketAddress) throws(SystemError) -> OwnedDescriptor {
        let flags = CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let type = type
        // RDS uses IP addresses, but has its own family.
        let family = self == .rds ? AF_RDS : address.family
        // CAN_RAW of linux/can.h
        let number: CInt = self == .can ? 1 : 0
        return OwnedDescriptor(adopting: try systemCall("socket") { socket(family, type | flags, number) })
    }
}
