// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc

extension SocketAddress {
    /// Whether an IP address is one of this host now: whether a socket can be bound to it, which ip(7) allows for no other.
    ///
    /// Where that cannot be found out, it is taken for one.
    package var isOfThisHost: Bool {
        if isLoopback { return true }
        do throws(SystemError) {
            let probe = try SocketKind.udp.makeSocket(for: self)
            try ListeningSocket.bind(probe.raw, to: with(port: 0))
            return true
        } catch {
            return error.errno != EADDRNOTAVAIL
        }
    }
}
