// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc

extension SocketAddress {
    /// Whether an IP address belongs to this host now: whether bind(2) accepts it (ip(7)).
    ///
    /// True if that cannot be determined.
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
