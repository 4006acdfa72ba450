// SPDX-License-Identifier: Apache-2.0

package import Addresses
import CLinux
import Glibc

/// A network interface as it is at the moment: netdevice(7).
package struct NetworkLink: Equatable, Sendable {
    /// Its name.
    package var name: InterfaceName

    /// Its number, which no interface had before it since the boot.
    package var index: UInt32

    /// Whether it has been brought up: `IFF_UP`.
    package var isUp: Bool

    /// Whether it leads to a CAN bus: `ARPHRD_CAN`.
    package var isCAN: Bool

    /// Puts it together.
    package init(name: InterfaceName, index: UInt32, isUp: Bool, isCAN: Bool) {
        self.name = name
        self.index = index
        self.isUp = isUp
        self.isCAN = isCAN
    }

    /// The interface of a name.
    ///
    /// - Parameter raw: a socket of any family, through which the kernel is asked.
    /// - Returns: nil if this host has none of the name.
    package static func named(_ name: InterfaceName, through raw: CInt) throws(SystemError) -> NetworkLink? {
        var index: UInt32 = 0
        var (isUp, isCAN) = (false, false)
        let text = name.bytes.map { CChar(bitPattern: $0) } + [0]
        do throws(SystemError) {
            // unsafe: an array that ends with NUL, and three locals.
            _ = try systemCall("ioctl") { unsafe clinux_link(raw, text, &index, &isUp, &isCAN) }
        } catch {
            if error.errno == ENODEV { return nil }
            throw error
        }
        return NetworkLink(name: name, index: index, isUp: isUp, isCAN: isCAN)
    }

    /// The interface of a number, whatever its name is now; nil if it is gone.
    package static func numbered(_ index: UInt32, through raw: CInt) throws(SystemError) -> NetworkLink? {
        guard let name = InterfaceName(index: index) else { return nil }
        return try named(name, through: raw)
    }
}
