// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Glibc

/// Tests whether an address can be bound, without listening on it.
package enum PortProbe {
    /// Makes a socket as a listener does, binds it, and closes it.
    ///
    /// No client can connect meanwhile. A datagram that arrives then is lost, as it would be without the probe. Must
    /// not be called for the path of a Unix socket: bind(2) would leave a file behind.
    ///
    /// - Parameter others: as for ``ListeningSocket``.
    /// - Throws: the kernel's error; `EADDRINUSE` if another socket has the address.
    package static func bind(
        _ kind: SocketKind, _ address: SocketAddress, dualStack: Bool, interface: UInt32,
        sharingPortWith others: [ListeningSocket] = []
    ) throws(SystemError) {
        let socket = try kind.makeSocket(for: address)
        let raw = socket.raw
        // Any number of sockets may be bound to a CAN interface.
        guard kind != .can else { return }
        if kind == .tcp || address.isMulticast { try SocketOption.reuseAddress.set(1, on: raw) }
        if case .ipv6 = address, kind != .rds { try SocketOption.v6Only.set(dualStack ? 0 : 1, on: raw) }
        let sharing = try PortSharing(of: raw, for: address, with: others.map(\.raw))
        defer { sharing.end() }
        try ListeningSocket.bind(raw, to: address.reached(through: interface))
    }
}
