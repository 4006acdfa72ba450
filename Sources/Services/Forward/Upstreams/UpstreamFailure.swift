// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

/// The text for records of why an upstream cannot be reached.
enum UpstreamFailure {
    /// The kernel's text for an errno, with an explanation where that is not enough.
    ///
    /// - Parameter party: which party the error is attributed to.
    static func words(for errno: CInt, kind: SocketKind, _ party: FaultParty = .peer) -> String {
        let reason = "\(SystemError.reason(of: errno)) (\(SystemError.symbol(of: errno)))"
        switch errno {
        case EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT:
            guard let modules = kind.modules else { return reason }
            return
                "\(reason): this kernel lacks the family (`modprobe -a \(modules)`), or RestrictAddressFamilies= of the"
                + " unit does not allow it"
        case ENODEV where kind == .can:
            return "\(reason): this host has no such CAN interface (`ip -details link` lists them)"
        case ENETDOWN where kind == .can:
            return "\(reason): the interface is down (bring it up with `ip link set NAME up`)"
        case EADDRNOTAVAIL where kind == .rds:
            return
                "\(reason): RDS has no transport (`modprobe rds_tcp`), or this host does not have the address of `source`"
        case EAGAIN where kind.isUnix && party == .peer:
            return "\(reason): its backlog is full"
        default:
            return words(for: party).map { "\(reason): \($0)" } ?? reason
        }
    }

    private static func words(for party: FaultParty) -> String? {
        switch party.hostFault {
        case .localPorts: "this host has no free local port towards it"
        case .descriptors: "no descriptor is free"
        case .memory: "the kernel has no memory"
        case .buffers: "the kernel has no buffer"
        case .watches: "the epoll watch limit of this user is reached"
        case .route: "this host has no route to it"
        case .sourceAddress: "this host does not have the address of `source`, or none from which to reach it"
        case .permission: "not permitted by this host"
        case .unsupported, .names, nil: nil
        }
    }
}
