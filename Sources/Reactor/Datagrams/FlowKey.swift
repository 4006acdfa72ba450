// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// What tells one flow of a socket from another: who sends, and to which address of this host, since the answers have to
/// come from there.
struct FlowKey: Hashable {
    let peer: SocketAddress
    let local: SocketAddress

    /// As the compiler would write it, but for IPv4, where all that tells two keys apart fits into two words.
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
