// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem

/// What to do after the interfaces or addresses of this host have changed.
///
/// Pure: made from the configuration in force, what its sockets lack, and the host before and now.
struct HostPlan: Equatable {
    /// The configuration with the present indexes of its interfaces.
    let next: Configuration

    /// The changes of the listeners, as in a reload. A socket on an interface with another index is another socket.
    let changes: ReloadPlan

    /// The sockets to open: those of interfaces with another index, and those that were awaited.
    let toOpen: Set<SocketKey>

    /// The interfaces that were removed. A group that was joined there has to be joined again.
    let removedInterfaces: Set<UInt32>

    /// The groups, on interfaces that the kernel chooses, that may have to be joined again.
    var groups: Set<SocketKey> = []

    /// The sockets in force whose address this host has lost.
    var lost: Set<SocketKey> = []

    /// The sockets in force whose address this host has again.
    var returned: Set<SocketKey> = []

    /// Makes the plan.
    ///
    /// - Parameter index: returns the present index of an interface: see ``Configuration/follow(_:)``.
    init(
        _ configuration: Configuration, missing: MissingOnHost, from before: HostState, to now: HostState,
        index: (String) -> UInt32
    ) {
        var next = configuration
        next.follow(index)
        self.next = next
        changes = ReloadPlan(from: configuration, to: next)
        toOpen = Set(changes.toOpen).union(missing.awaited.keys)
        removedInterfaces = before.interfaces.subtracting(now.interfaces)
        for key in next.listeners.flatMap({ $0.wantedSockets.map(\.key) }) where !toOpen.contains(key) {
            if case .group(_, interface: 0) = key {
                if !removedInterfaces.isEmpty || missing.unjoined[key] != nil { groups.insert(key) }
            } else if let address = key.hostAddress {
                note(
                    key, isThere: now.addresses.contains(address), wasThere: before.addresses.contains(address), missing
                )
            }
        }
    }

    /// Notes whether the address of a socket was lost or has returned.
    ///
    /// An address that the kernel never listed may be local all the same: a route of type `local` makes any address local.
    /// So only an address that was listed can be lost.
    private mutating func note(_ key: SocketKey, isThere: Bool, wasThere: Bool, _ missing: MissingOnHost) {
        if missing.withoutAddress[key] != nil {
            if isThere { returned.insert(key) }
        } else if wasThere, !isThere {
            lost.insert(key)
        }
    }
}

extension SocketKey {
    /// The address that the socket needs, in the form of ``HostState/addresses``; nil if it needs none.
    var hostAddress: SocketAddress? {
        switch self {
        case .bound(let kind, let address, _), .anyPort(let kind, let address, _, _, _):
            guard kind == .tcp || kind == .udp, !address.isWildcard else { return nil }
            // The kernel lists an address that is not link-local without an interface.
            if case .ipv6(let ip, _, _) = address, !ip.isLinkLocal { return .ipv6(ip, port: 0, scope: 0) }
            return address.with(port: 0)
        case .group, .bus, .passed:
            return nil
        }
    }
}
