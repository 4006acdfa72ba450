// SPDX-License-Identifier: Apache-2.0

package import Addresses
import LinuxSystem
import Synchronization

/// The datagram sockets on which this daemon listens, of all listeners.
///
/// A datagram that seems to come from one of them was forged, and an answer to it would be answered in turn.
///
/// Concurrency: behind a mutex that is held for some instructions. Lanes change it when a listener starts or stops, and
/// read it when a flow begins.
package final class OwnPorts: Sendable {
    private struct Sockets {
        var addresses: [SocketAddress: Int] = [:]
        /// The ports of the sockets that are bound to the wildcard address of a family.
        var wildcardPorts: [UInt16: Int] = [:]
    }

    private let sockets = Mutex(Sockets())

    init() {}

    /// Adds the address of a socket that starts listening.
    func insert(_ address: SocketAddress) {
        sockets.withLock { sockets in
            sockets.addresses[address, default: 0] += 1
            if address.isWildcard, let port = address.port { sockets.wildcardPorts[port, default: 0] += 1 }
        }
    }

    /// Removes the address of a socket that stops listening.
    func remove(_ address: SocketAddress) {
        sockets.withLock { sockets in
            guard let count = sockets.addresses[address] else { return }
            sockets.addresses[address] = count > 1 ? count - 1 : nil
            guard address.isWildcard, let port = address.port, let count = sockets.wildcardPorts[port] else { return }
            sockets.wildcardPorts[port] = count > 1 ? count - 1 : nil
        }
    }

    /// Whether an address is one of these, or a local one with the port of a wildcard socket.
    package func contains(_ address: SocketAddress) -> Bool {
        let (isExact, isCovered) = sockets.withLock { sockets in
            (sockets.addresses[address] != nil, address.port.map { sockets.wildcardPorts[$0] != nil } ?? false)
        }
        if isExact { return true }
        // ``SocketAddress/isOfThisHost`` makes system calls, so it is checked last.
        return isCovered && address.isOfThisHost
    }
}
