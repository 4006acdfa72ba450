// SPDX-License-Identifier: Apache-2.0

package import Addresses
import LinuxSystem
import Synchronization

/// The datagram sockets on which this daemon listens, over all listeners: a datagram that seems to come from one of them
/// was forged, and an answer to it would be answered in turn.
///
/// Concurrency: lanes change it when a listener begins and ends, and ask when a flow begins; a lock that is held for some
/// instructions.
package final class OwnPorts: Sendable {
    private struct Sockets {
        var addresses: [SocketAddress: Int] = [:]
        /// The ports of those that listen on all addresses of a family.
        var wildcardPorts: [UInt16: Int] = [:]
    }

    private let sockets = Mutex(Sockets())

    init() {}

    /// A socket listens there from now on.
    func insert(_ address: SocketAddress) {
        sockets.withLock { sockets in
            sockets.addresses[address, default: 0] += 1
            if address.isWildcard, let port = address.port { sockets.wildcardPorts[port, default: 0] += 1 }
        }
    }

    /// A socket listens there no more.
    func remove(_ address: SocketAddress) {
        sockets.withLock { sockets in
            guard let count = sockets.addresses[address] else { return }
            sockets.addresses[address] = count > 1 ? count - 1 : nil
            guard address.isWildcard, let port = address.port, let count = sockets.wildcardPorts[port] else { return }
            sockets.wildcardPorts[port] = count > 1 ? count - 1 : nil
        }
    }

    /// Whether an address is one of these sockets: the address itself, or one of this host with a port that listens on
    /// all of them.
    package func contains(_ address: SocketAddress) -> Bool {
        let (isExact, isCovered) = sockets.withLock { sockets in
            (sockets.addresses[address] != nil, address.port.map { sockets.wildcardPorts[$0] != nil } ?? false)
        }
        if isExact { return true }
        // Asked of the kernel for this port alone.
        return isCovered && address.isOfThisHost
    }
}
