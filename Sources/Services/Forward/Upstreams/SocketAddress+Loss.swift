// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

extension SocketAddress {
    /// Whether a socket connected to this address can never send again after this error.
    ///
    /// Either the administrator has destroyed it (`ss --kill`; ECONNABORTED, EDESTADDRREQ), or its link-local address is on
    /// an interface that no longer exists. A new interface of the same name has another index. A missing route, however, may
    /// return.
    func isUnusable(after errno: CInt) -> Bool {
        if errno == ECONNABORTED || errno == EDESTADDRREQ { return true }
        guard case .ipv6(_, _, let scope) = self, scope != 0 else { return false }
        return InterfaceName(index: scope) == nil
    }
}
