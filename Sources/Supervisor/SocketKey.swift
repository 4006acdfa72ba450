// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem

/// What makes a listening socket of one configuration the same as one of the next, so that a reload can keep it with all
/// that waits in its backlog.
enum SocketKey: Hashable, Sendable {
    /// A socket that the daemon binds.
    case bound(SocketKind, SocketAddress, dualStack: Bool)

    /// A socket with a port that the kernel chooses: it is the listener's, since no two would be the same, and of several
    /// on one address of a listener it is that one.
    case anyPort(SocketKind, SocketAddress, dualStack: Bool, listener: String, index: Int)

    /// The sockets that systemd passes under a name.
    case passed(name: String)
}

/// A listening socket that a configuration asks for.
struct WantedSocket: Hashable, Sendable {
    /// Which socket.
    var key: SocketKey

    /// What it gives to the connections that it accepts.
    var options: ListeningOptions

    /// Who may connect, for a path.
    var access: UnixSocketFile.Access

    /// The address as it was written, for messages.
    var written: ListenAddress

    /// Whether it has to keep the bounds of messages (true), must not (false), or may be of any kind (nil): what only the
    /// socket shows that systemd passes.
    var keepsMessages: Bool?
}

extension ListenerSettings {
    /// The sockets that the listener asks for, in the order of its addresses.
    var wantedSockets: [WantedSocket] {
        var wanted: [WantedSocket] = []
        for address in listen {
            for key in keys(of: address, after: wanted) where !wanted.contains(where: { $0.key == key }) {
                var options = options(for: address)
                // A socket that systemd made has the backlog that its unit says.
                if case .passed = key { options.backlog = nil }
                wanted.append(
                    WantedSocket(
                        key: key, options: options, access: address.access, written: address,
                        keepsMessages: keepsMessages))
            }
        }
        return wanted
    }

    private var keepsMessages: Bool? {
        // A header may end anywhere, so it wants a stream.
        if !acceptProxy.isEmpty { return false }
        guard case .forward(let settings) = service, let first = settings.upstreams.first else { return nil }
        return first.endpoint.scheme == .unixSeqpacket
    }

    private func keys(of address: ListenAddress, after wanted: [WantedSocket]) -> [SocketKey] {
        switch address.target {
        case .passed(let name):
            return [.passed(name: name)]
        case .bind(let kind, let addresses, let dualStack):
            return addresses.map { address in
                guard address.leavesPortToKernel else { return .bound(kind, address, dualStack: dualStack) }
                // Counted among its like, so that what else the listener has does not make it another socket.
                func key(_ index: Int) -> SocketKey {
                    .anyPort(kind, address, dualStack: dualStack, listener: name, index: index)
                }
                return key((0...).first { index in !wanted.contains { $0.key == key(index) } } ?? 0)
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
