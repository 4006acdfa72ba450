// SPDX-License-Identifier: Apache-2.0

package import LinuxSystem
import Synchronization

/// The datagram sockets on which this daemon listens, over all listeners: a datagram that seems to come from one of them
/// was forged, and an answer to it would be answered in turn.
///
/// Concurrency: lanes change it when a listener begins and ends, and ask when a flow begins; a lock that is held for some
/// instructions.
package final class OwnPorts: Sendable {
    private let addresses = Mutex<[SocketAddress: Int]>([:])

    init() {}

    /// A socket listens there from now on.
    func insert(_ address: SocketAddress) {
        addresses.withLock { $0[address, default: 0] += 1 }
    }

    /// A socket listens there no more.
    func remove(_ address: SocketAddress) {
        addresses.withLock { addresses in
            guard let count = addresses[address] else { return }
            addresses[address] = count > 1 ? count - 1 : nil
        }
    }

    /// Whether an address is one of these sockets: the address itself, or one of this host with a port that listens on
    /// all of them.
    package func contains(_ address: SocketAddress) -> Bool {
        let isExact = addresses.withLock { $0[address] != nil }
        if isExact { return true }
        guard let port = address.port else { return false }
        let isCovered = addresses.withLock { addresses in
            addresses.keys.contains { $0.isWildcard && $0.port == port }
        }
        // Asked of the kernel for this port alone.
        return isCovered && address.isOfThisHost
    }
}
