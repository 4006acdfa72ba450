// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem

/// What makes a listening socket of one configuration the same as one of the next, so that a reload can keep it with all
/// that waits in its backlog.
enum SocketKey: Hashable, Sendable {
    /// A socket that the daemon binds.
    case bound(SocketKind, SocketAddress, dualStack: Bool)

    /// A socket with a port that the kernel chooses: it is the listener's, since no two would be the same.
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
}

extension ListenerSettings {
    /// The sockets that the listener asks for, in the order of its addresses.
    var wantedSockets: [WantedSocket] {
        var wanted: [WantedSocket] = []
        for address in listen {
            func want(_ key: SocketKey) {
                let options = options(for: address)
                guard !wanted.contains(where: { $0.key == key }) else { return }
                wanted.append(WantedSocket(key: key, options: options, access: address.access, written: address))
            }
            switch address.target {
            case .passed(let name):
                want(.passed(name: name))
            case .bind(let kind, let addresses, let dualStack):
                for socketAddress in addresses {
                    if socketAddress.port == 0 {
                        want(.anyPort(kind, socketAddress, dualStack: dualStack, listener: name, index: wanted.count))
                    } else {
                        want(.bound(kind, socketAddress, dualStack: dualStack))
                    }
                }
            }
        }
        return wanted
    }
}
