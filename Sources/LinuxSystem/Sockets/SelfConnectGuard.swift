// SPDX-License-Identifier: Apache-2.0

import Addresses
import Synchronization

/// Notices a connection that has connected to itself.
///
/// Where nothing listens on a port of this host from which the kernel also takes local ports, it may give a connecting
/// socket that same port, and TCP connects the socket to itself (RFC 9293, simultaneous open; UDP does as well): the client
/// gets its own bytes back, and the server that should be there finds its port in use. It is what a refusal would be.
///
/// Only getsockname(2) shows it. It is not called where it can't happen: for other ports, and for an address that was
/// lately seen not to be of this host.
///
/// Concurrency: one atomic word, for all lanes.
package final class SelfConnectGuard: Sendable {
    /// An address that is not of this host, and when that was seen: both in one hash.
    private let foreign = Atomic<UInt64>(0)

    package init() {}

    /// Whether a socket that was connected to the address is connected to itself.
    func isSelf(_ raw: CInt, _ address: SocketAddress) throws(SystemError) -> Bool {
        guard let port = address.port, LocalPortRange.contains(port) else { return false }
        // An address may come to this host at any time, so what was seen counts for some ten seconds (2^33 ns).
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
        // Never what stands for nothing.
        return UInt64(bitPattern: Int64(hasher.finalize())) | 1
    }
}
