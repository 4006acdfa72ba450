// SPDX-License-Identifier: Apache-2.0

import Addresses
import Synchronization

/// Detects a socket that has connected to itself.
///
/// If nothing listens on a port of this host within the kernel's local port range, the kernel may choose that same port as the
/// local port of a connecting socket, and TCP connects the socket to itself (RFC 9293, simultaneous open; UDP does too): the
/// client gets its own bytes back, and the server that should be there finds its port in use. usher treats it as a refused
/// connection.
///
/// Only getsockname(2) reveals it. The call is skipped where a self-connect is impossible: for ports outside the range, and for
/// an address that was recently seen not to belong to this host.
///
/// Concurrency: one atomic word, for all lanes.
package final class SelfConnectGuard: Sendable {
    /// A hash of an address that does not belong to this host and of the time when that was seen; 0 for none.
    private let foreign = Atomic<UInt64>(0)

    package init() {}

    /// Whether a socket that was connected to `address` is connected to itself.
    func isSelf(_ raw: CInt, _ address: SocketAddress) throws(SystemError) -> Bool {
        guard let port = address.port, LocalPortRange.contains(port) else { return false }
        // This host may get the address at any time, so the cache entry expires: time counts in 2^33 ns, about 9 s.
        let sighting = Self.hash(address, Clock.monotonic >> 33)
        if !address.isLoopback, foreign.load(ordering: .relaxed) == sighting { return false }
        let local = try ListeningSocket.localAddress(of: raw).canonical
        guard local.with(port: 0) == address.canonical.with(port: 0) || address.isWildcard else {
            foreign.store(sighting, ordering: .relaxed)
            return false
        }
        return local.port == port
    }

    private static func hash(_ address: SocketAddress, _ time: UInt64) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(address)
        hasher.combine(time)
        // 0 means that nothing is cached.
        return UInt64(bitPattern: Int64(hasher.finalize())) | 1
    }
}
