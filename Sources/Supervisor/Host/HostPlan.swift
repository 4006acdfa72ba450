// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem

/// What has to be done after the interfaces or addresses of this host have changed. Pure: it looks at the configuration in
/// force, at what its sockets lack, and at the host before and now.
struct HostPlan: Equatable {
    /// The configuration with the numbers that its interfaces have now.
    let next: Configuration

    /// What becomes of the listeners, as in a reload: a socket on an interface with another number is another one.
    let changes: ReloadPlan

    /// The sockets to open: those of interfaces with another number, and those that were awaited.
    let toOpen: Set<SocketKey>

    /// The interfaces that are gone. A group that was joined there has to be joined anew.
    let gone: Set<UInt32>

    /// The groups on interfaces of the kernel's choice that may have to be joined anew.
    var groups: Set<SocketKey> = []

    /// The sockets in force whose address this host does not have any more.
    var lost: Set<SocketKey> = []

    /// The sockets in force whose address this host has again.
    var returned: Set<SocketKey> = []

    /// Decides.
    ///
    /// - Parameter index: the number that an interface has now: see ``Configuration/follow(_:)``.
    init(
        _ configuration: Configuration, lacking lacks: HostLacks, from before: HostState, to now: HostState,
        index: (String) -> UInt32
    ) {
        var next = configuration
        next.follow(index)
        self.next = next
        changes = ReloadPlan(from: configuration, to: next)
        toOpen = Set(changes.toOpen).union(lacks.awaited.keys)
        gone = before.interfaces.subtracting(now.interfaces)
        for key in next.listeners.flatMap({ $0.wantedSockets.map(\.key) }) where !toOpen.contains(key) {
            if case .group(_, interface: 0) = key {
                if !gone.isEmpty || lacks.unjoined[key] != nil { groups.insert(key) }
            } else if let address = key.hostAddress {
                note(key, isThere: now.addresses.contains(address), wasThere: before.addresses.contains(address), lacks)
            }
        }
    }

    /// An address that the kernel never listed may be there all the same: a route of the type `local` makes any address one
    /// of this host. So only one that was listed can be lost.
    private mutating func note(_ key: SocketKey, isThere: Bool, wasThere: Bool, _ lacks: HostLacks) {
        if lacks.deaf[key] != nil {
            if isThere { returned.insert(key) }
        } else if wasThere, !isThere {
            lost.insert(key)
        }
    }
}

extension SocketKey {
    /// The address that this host has to have for the socket, as ``HostState/addresses`` has it; nil for none.
    var hostAddress: SocketAddress? {
        switch self {
        case .bound(let kind, let address, _), .anyPort(let kind, let address, _, _, _):
            guard kind == .tcp || kind == .udp, !address.isWildcard else { return nil }
            // The kernel lists no interface with an address that is not link-local.
            if case .ipv6(let ip, _, _) = address, !ip.isLinkLocal { return .ipv6(ip, port: 0, scope: 0) }
            return address.with(port: 0)
        case .group, .bus, .passed:
            return nil
        }
    }
}
