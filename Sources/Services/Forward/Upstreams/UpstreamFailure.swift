// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem

/// Why an upstream cannot be had, in words.
enum UpstreamFailure {
    /// What the kernel said, and what can be done about it where its own words do not tell.
    static func words(for errno: CInt, kind: SocketKind) -> String {
        let reason = "\(SystemError.reason(of: errno)) (\(SystemError.symbol(of: errno)))"
        switch errno {
        case EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT:
            guard let modules = kind.modules else { return reason }
            return
                "\(reason): this kernel lacks the family (`modprobe -a \(modules)`), or RestrictAddressFamilies= of the"
                + " unit does not let it through"
        case ENODEV where kind == .can:
            return "\(reason): this host has no such CAN interface now (`ip -details link` shows those that there are)"
        case ENETDOWN where kind == .can:
            return "\(reason): the interface has to be brought up (`ip link set NAME up`)"
        case EADDRNOTAVAIL where kind == .rds:
            return "\(reason): RDS has no transport (`modprobe rds_tcp`), or this host has not the address of `source`"
        default:
            return reason
        }
    }
}
