// SPDX-License-Identifier: Apache-2.0

package import Addresses
package import LinuxSystem

extension DaemonRecord {
    /// An attempt to connect failed because this host lacks something. Written once, when the condition begins.
    ///
    /// - Parameter target: the upstream.
    package static func hostLacks(
        _ fault: HostFault, because error: SystemError, towards target: String, listener: ListenerLabel,
        time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .warning, "\(fault.beginning(target)): \(error.words). \(fault.advice)", listener: listener,
            errno: error.errno, fields: [RecordField("lacks", .text(fault.name))])
    }

    /// The condition of ``hostLacks(_:because:towards:listener:time:)`` has caused no failure for a while.
    ///
    /// - Parameters:
    ///   - quiet: for how long, in nanoseconds.
    ///   - attempts: how many attempts had failed, in a `span` of nanoseconds.
    ///   - target: the upstream; nil if the condition concerns all of them.
    package static func shortageEnded(
        _ fault: HostFault, quiet: UInt64, attempts: UInt64, within span: UInt64, towards target: String?,
        time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        let target = target.map { " to \($0)" } ?? ""
        return DaemonRecord(
            time: time, .recovered,
            "no attempt to connect\(target) failed in the last \(quiet / 1_000_000_000) s because of a lack of \(fault.want);"
                + " \(Quantity.text(attempts, "attempt")) had failed within \(Quantity.seconds(span))",
            fields: [RecordField("lacks", .text(fault.name))])
    }
}

extension HostFault {
    /// The value of the field `lacks`.
    package var name: String {
        switch self {
        case .localPorts: "local-ports"
        case .descriptors: "descriptors"
        case .memory: "memory"
        case .buffers: "buffers"
        case .watches: "watches"
        case .route: "route"
        case .sourceAddress: "source-address"
        case .permission: "permission"
        case .unsupported: "protocol"
        case .names: "names"
        }
    }

    /// The failure, in words.
    fileprivate func beginning(_ target: String) -> String {
        switch self {
        case .localPorts: "no free local port to connect to \(target)"
        case .descriptors: "no free descriptor to connect to \(target)"
        case .memory: "the kernel is out of memory, needed to connect to \(target)"
        case .buffers: "the kernel is out of buffers, needed to connect to \(target)"
        case .watches: "epoll watch limit of this user reached, needed to connect to \(target)"
        case .route: "this host has no route to \(target)"
        case .sourceAddress: "this host does not have the source address to connect to \(target)"
        case .permission: "permission denied connecting to \(target)"
        case .unsupported: "this host does not support the address family of \(target)"
        case .names: "the name server does not answer for \(target)"
        }
    }

    /// What usherd does, and what the administrator can do.
    fileprivate var advice: String {
        switch self {
        case .localPorts:
            "Clients wait until one is free; widen `net.ipv4.ip_local_port_range`, or give the upstream more addresses"
        case .descriptors:
            "Clients wait until one is free; raise LimitNOFILE= of the unit (EMFILE) or `fs.file-max` (ENFILE), or lower"
                + " max-connections"
        case .memory, .buffers:
            "Clients wait until there is some; see `free` and `net.ipv4.tcp_mem`, or lower max-connections"
        case .watches: "Clients wait until one is free; raise `fs.epoll.max_user_watches`"
        case .route: "It does not count against the upstream; `ip route get ADDRESS` shows the route"
        case .sourceAddress: "It does not count against the upstream; see `source` and `ip address`"
        case .permission:
            "It does not count against the upstream; see the firewall, IPAddressDeny= and RestrictAddressFamilies= of the"
                + " unit, and the security modules"
        case .unsupported:
            "It does not count against the upstream; see the kernel's modules, and RestrictAddressFamilies= of the unit"
        case .names: "It does not count against the upstream; see resolv.conf(5)"
        }
    }

    /// What was lacking; follows "because of a lack of".
    fileprivate var want: String {
        switch self {
        case .localPorts: "local ports"
        case .descriptors: "descriptors"
        case .memory: "memory"
        case .buffers: "buffers"
        case .watches: "epoll watches"
        case .route: "a route"
        case .sourceAddress: "the source address"
        case .permission: "permission"
        case .unsupported: "support for the address family"
        case .names: "an answer from the name server"
        }
    }
}
