// SPDX-License-Identifier: Apache-2.0

/// What this host lacks or refuses when a system call fails.
package enum HostFault: Int, CaseIterable, Sendable {
    /// No local port is free towards the peer: `net.ipv4.ip_local_port_range`.
    case localPorts

    /// No descriptor is free, in the process (EMFILE) or in the system (ENFILE).
    case descriptors

    /// The kernel has no memory.
    case memory

    /// The kernel has no buffer, or the queue of an interface is full.
    case buffers

    /// The user watches as many descriptors as `fs.epoll.max_user_watches` allows.
    case watches

    /// The routing table has no route to the peer, or one that refuses it.
    case route

    /// `source` is not an address of this host now.
    case sourceAddress

    /// The kernel, a security module, a firewall or a sandbox of this host denies permission.
    case permission

    /// The kernel lacks the address family or the protocol.
    case unsupported

    /// The name service did not answer.
    case names

    /// Whether it is a shortage that ends when others release the resource, so waiting helps.
    package var isShortage: Bool {
        switch self {
        case .localPorts, .descriptors, .memory, .buffers, .watches: true
        case .route, .sourceAddress, .permission, .unsupported, .names: false
        }
    }

    /// Whether it depends on the peer, so that another peer may still be reachable.
    package var isOfPeer: Bool {
        switch self {
        case .localPorts, .route, .sourceAddress, .permission, .unsupported, .names: true
        case .descriptors, .memory, .buffers, .watches: false
        }
    }
}
