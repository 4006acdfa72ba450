// SPDX-License-Identifier: Apache-2.0

package import Addresses
import CLinux
import Glibc

/// The current state of a network interface: netdevice(7).
package struct NetworkLink: Equatable, Sendable {
    /// Its name.
    package var name: InterfaceName

    /// Its index. The kernel counts up, so a new interface gets an index that none had since the boot.
    package var index: UInt32

    /// Whether the interface is up: `IFF_UP`.
    package var isUp: Bool

    /// Whether it is a CAN interface: `ARPHRD_CAN`.
    package var isCAN: Bool

    /// Makes a value from its parts.
    package init(name: InterfaceName, index: UInt32, isUp: Bool, isCAN: Bool) {
        self.name = name
        self.index = index
        self.isUp = isUp
        self.isCAN = isCAN
    }

    /// Queries the interface with a name.
    ///
    /// - Parameter raw: a socket of any family, for ioctl(2).
    /// - Returns: nil if no interface has the name.
    package static func named(_ name: InterfaceName, through raw: CInt) throws(SystemError) -> NetworkLink? {
        var index: UInt32 = 0
        var (isUp, isCAN) = (false, false)
        let text = name.bytes.map { CChar(bitPattern: $0) } + [0]
        do throws(SystemError) {
            // unsafe: a NUL-terminated array and three locals.
            _ = try systemCall("ioctl") { unsafe clinux_link(raw, text, &index, &isUp, &isCAN) }
        } catch {
            if error.errno == ENODEV { return nil }
            throw error
        }
        return NetworkLink(name: name, index: index, isUp: isUp, isCAN: isCAN)
    }

    /// Queries the interface with an index, whatever its name is now; nil if there is none.
    package static func numbered(_ index: UInt32, through raw: CInt) throws(SystemError) -> NetworkLink? {
        guard let name = InterfaceName(index: index) else { return nil }
        return try named(name, through: raw)
    }
}
