// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Dissolves the association of a datagram socket (connect(2), AF_UNSPEC), so that it can never send again: EDESTADDRREQ. A
/// socket that `ss --kill` destroys fails in the same way.
func dissolve(_ raw: CInt) {
    var address = sockaddr()
    address.sa_family = sa_family_t(AF_UNSPEC)
    _ = connect(raw, &address, socklen_t(MemoryLayout<sockaddr>.size))
}
