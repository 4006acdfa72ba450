// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Records

/// Whether a client with an IP address can reach a listening socket. Pure.
///
/// What routers and packet filters do is not known here.
enum ClientReach: Equatable {
    /// It can.
    case reachable
    /// The socket is on a loopback address, and the client is on another host.
    case loopback
    /// The socket has addresses of the other family.
    case otherFamily
    /// The socket has no IP address.
    case otherKind

    /// - Parameters:
    ///   - socket: the local address of the socket.
    ///   - isDualStack: whether the IPv6 wildcard accepts IPv4 too.
    ///   - client: in its canonical form.
    init(_ socket: SocketAddress, isDualStack: Bool, from client: SocketAddress) {
        switch (socket, client) {
        case (.ipv4, .ipv4), (.ipv6, .ipv6):
            self = socket.isLoopback && !client.isLoopback ? .loopback : .reachable
        case (.ipv6(.any, _, _), .ipv4) where isDualStack: self = .reachable
        case (.ipv4, _), (.ipv6, _): self = .otherFamily
        case (.unix, _), (.abstract, _), (.unnamed, _), (.vsock, _), (.can, _): self = .otherKind
        }
    }

    /// Why none of these sockets can be reached, in words.
    static func reason(_ all: [ClientReach], from client: SocketAddress) -> String {
        if all.contains(.loopback) { return "it listens on loopback addresses, which only this host can reach" }
        if all.contains(.otherFamily) {
            let family = if case .ipv4 = client { "IPv4" } else { "IPv6" }
            return "it has no \(family) address"
        }
        return all.isEmpty ? "it has no socket" : "it has no IP address"
    }
}

extension OpenSocket {
    /// Whether a client can reach it.
    func reach(from client: SocketAddress) -> ClientReach {
        let isDualStack: Bool =
            switch key {
            case .bound(_, _, let dualStack), .anyPort(_, _, let dualStack, _, _): dualStack
            // systemd's default is that of the kernel: BindIPv6Only= of systemd.socket(5).
            case .passed: true
            case .group, .bus: false
            }
        return ClientReach(socket.address, isDualStack: isDualStack, from: client)
    }
}
