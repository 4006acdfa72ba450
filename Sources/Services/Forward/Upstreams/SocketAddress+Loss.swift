// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

extension SocketAddress {
    /// Whether a socket that is connected to this address can never send again after such an error: the administrator has
    /// destroyed it (`ss --kill`), or its link-local address is on an interface that this host does not have any more. A new
    /// interface of the same name has another number. A route may come back.
    func isLost(after errno: CInt) -> Bool {
        if errno == ECONNABORTED || errno == EDESTADDRREQ { return true }
        guard case .ipv6(_, _, let scope) = self, scope != 0 else { return false }
        return InterfaceName(index: scope) == nil
    }
}
