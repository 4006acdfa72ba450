// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Policy

/// Identifies a listening socket across configurations, so that a reload can keep it with its backlog.
enum SocketKey: Hashable, Sendable {
    /// A socket that the daemon binds.
    case bound(SocketKind, SocketAddress, dualStack: Bool)

    /// A socket with a port that the kernel chooses. Its listener identifies it, and an index among the sockets of that
    /// listener on one address, since no two would get the same port.
    case anyPort(SocketKind, SocketAddress, dualStack: Bool, listener: String, index: Int)

    /// A multicast group on an interface, 0 for the one that the kernel chooses. Any number of sockets may listen there.
    case group(SocketAddress, interface: UInt32)

    /// A socket on a CAN bus. Its listener and its filters identify it, since others may listen on the bus too.
    case bus(SocketAddress, filters: [CANFilter], listener: String)

    /// The sockets that systemd passes under a name.
    case passed(name: String)
}

/// A listening socket that a configuration asks for.
struct WantedSocket: Hashable, Sendable {
    /// What identifies it.
    var key: SocketKey

    /// Its backlog, and the options that accepted connections inherit.
    var options: ListeningOptions

    /// The owner, group and mode of the file of a Unix socket.
    var access: UnixSocketAccess

    /// The address as it was written, for messages.
    var written: ListenAddress

    /// Whether a UDP socket must be on loopback: see ``ListenerSettings/allowsAmplification``.
    var isForLoopback = false

    /// The kinds that the listener can use; nil for any. Only the socket itself shows its kind if systemd passes it.
    var kinds: Set<SocketKind>?
}

extension ListenerSettings {
    /// The sockets that the listener asks for, in the order of its addresses, each once.
    var wantedSockets: [WantedSocket] {
        let isForLoopback = service.schema.amplifies && !allowsAmplification
        let kinds = fittingKinds
        var wanted: [WantedSocket] = []
        var known: Set<SocketKey> = []
        // Sockets with a port of the kernel's choice are counted for each address and kind, so that other addresses of the
        // listener do not change their keys.
        var counts: [SocketKey: Int] = [:]
        for address in listen {
            for first in keys(of: address) {
                var key = first
                if case .anyPort(let kind, let place, let dualStack, let listener, _) = first {
                    let index = counts[first, default: 0]
                    counts[first] = index + 1
                    key = .anyPort(kind, place, dualStack: dualStack, listener: listener, index: index)
                }
                guard known.insert(key).inserted else { continue }
                var options = options(for: address)
                // systemd sets the backlog of a passed socket: Backlog= of systemd.socket(5).
                if case .passed = key { options.backlog = nil }
                wanted.append(
                    WantedSocket(
                        key: key, options: options, access: address.access, written: address,
                        isForLoopback: isForLoopback, kinds: kinds))
            }
        }
        return wanted
    }

    private var fittingKinds: Set<SocketKind>? {
        // A PROXY header may end anywhere in what the client sends, so it needs a byte stream.
        if !plan.proxyTrust.sources.isEmpty { return Set(SocketKind.allCases.filter(\.isByteStream)) }
        return service.kinds
    }

    /// The keys for an address; those with a port of the kernel's choice do not have their index yet.
    private func keys(of address: ListenAddress) -> [SocketKey] {
        switch address.target {
        case .passed(let name):
            return [.passed(name: name)]
        case .bind(.can, let addresses, _):
            return addresses.map { .bus($0, filters: address.datagrams.filters, listener: name) }
        case .bind(let kind, let addresses, let dualStack):
            let interface = address.datagrams.interface
            return addresses.map { address in
                if kind == .udp, address.isMulticast { return .group(address, interface: interface) }
                guard address.leavesPortToKernel else { return .bound(kind, address, dualStack: dualStack) }
                return .anyPort(kind, address, dualStack: dualStack, listener: name, index: 0)
            }
        }
    }
}

extension SocketAddress {
    /// Whether the kernel chooses the port at bind(2): 0, or VMADDR_PORT_ANY of vsock(7).
    fileprivate var leavesPortToKernel: Bool {
        switch self {
        case .ipv4(_, let port), .ipv6(_, let port, _): port == 0
        case .vsock(_, let port): port == .max
        case .unix, .abstract, .unnamed, .can: false
        }
    }
}
