// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Glibc

/// Tries whether an address can be listened on, without listening on it.
package enum PortProbe {
    /// Makes a socket as a listener does, binds it, and closes it. Nobody can connect meanwhile; of datagrams, one that comes
    /// in the same moment is lost, as it would be without the probe.
    ///
    /// Not for the path of a Unix socket, which bind(2) would leave behind.
    ///
    /// - Throws: what the kernel says; `EADDRINUSE` if another socket has the address.
    package static func bind(
        _ kind: SocketKind, _ address: SocketAddress, dualStack: Bool, interface: UInt32
    ) throws(SystemError) {
        let socket = try kind.makeSocket(for: address)
        let raw = socket.raw
        // CAN buses have any number of listeners.
        guard kind != .can else { return }
        if kind == .tcp || address.isMulticast { try SocketOption.reuseAddress.set(1, on: raw) }
        if case .ipv6 = address, kind != .rds { try SocketOption.v6Only.set(dualStack ? 0 : 1, on: raw) }
        try ListeningSocket.bind(raw, to: address.reached(through: interface))
    }
}
