// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// What tells one flow of a socket from another: who sends, and to which address of this host, since the answers have to
/// come from there.
struct FlowKey: Hashable {
    let peer: SocketAddress
    let local: SocketAddress
}
