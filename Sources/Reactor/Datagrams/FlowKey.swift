// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// Identifies a flow of a socket: its source, and the local address that its answers are sent from.
struct FlowKey: Hashable {
    let peer: SocketAddress
    let local: SocketAddress

    /// As the compiler would write it, except for IPv4: there a key fits into two integers.
    func hash(into hasher: inout Hasher) {
        guard case .ipv4(let peerAddress, let peerPort) = peer, case .ipv4(let localAddress, let localPort) = local
        else {
            hasher.combine(peer)
            hasher.combine(local)
            return
        }
        hasher.combine(UInt64(peerAddress.value) << 32 | UInt64(localAddress.value))
        hasher.combine(UInt32(peerPort) << 16 | UInt32(localPort))
    }
}
