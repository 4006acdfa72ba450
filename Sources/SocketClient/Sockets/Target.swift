// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// The socket addresses that an ``Endpoint`` means on this host.
struct Target: Equatable, Sendable {
    /// What an address is used for.
    enum Use: Sendable {
        case connecting, listening, source
    }

    /// The kind of socket.
    let kind: SocketKind

    /// The addresses, in the order in which to try them; at least one.
    let addresses: [SocketAddress]

    /// Resolves an endpoint. May block on the name service.
    init(_ endpoint: Endpoint, for use: Use) throws(ClientFailure) {
        guard let kind = endpoint.scheme.kind else {
            throw ClientFailure(
                .usage,
                "\(endpoint): systemd passes such a socket only to that service;"
                    + " write the address that the socket unit listens on (`systemctl list-sockets`)")
        }
        self.kind = kind
        addresses = try Self.addresses(of: endpoint, kind, use)
    }

    private static func addresses(
        of endpoint: Endpoint, _ kind: SocketKind, _ use: Use
    ) throws(ClientFailure) -> [SocketAddress] {
        switch endpoint.location {
        case .host(let host, let port):
            if use == .connecting, port == 0 {
                throw ClientFailure(.usage, "\(endpoint): port 0 cannot be connected to; write the port of the server")
            }
            return try addresses(of: host, port, endpoint, use)
        case .path(let path): return [.unix(path: path)]
        case .abstract(let name): return [.abstract(name: name)]
        case .vsock(let cid, let port):
            if use == .connecting, cid == EndpointLocation.anyContext {
                throw ClientFailure(
                    .usage,
                    "\(endpoint): every context can be listened on, but not connected to; write local, host or a number"
                )
            }
            // VMADDR_PORT_ANY of vsock(7) is the highest number, not 0.
            return [.vsock(cid: cid, port: port == 0 && use != .connecting ? .max : port)]
        case .interface(let name):
            guard name != "*" else { return [.can(.any, .none)] }
            // The interface is looked up only after the socket was made, so that a kernel without CAN is reported first.
            guard let interface = InterfaceName(name) else {
                throw ClientFailure(.usage, "\(endpoint): `\(name)` is too long for the name of an interface")
            }
            return [.can(interface, .none)]
        case .passed:
            // Only systemd:// has this location, and it was rejected above.
            throw ClientFailure(.usage, "\(endpoint) cannot be used here")
        }
    }

    private static func addresses(
        of host: EndpointHost, _ port: UInt16, _ endpoint: Endpoint, _ use: Use
    ) throws(ClientFailure) -> [SocketAddress] {
        switch host {
        case .any:
            guard use != .connecting else {
                throw ClientFailure(
                    .usage,
                    "\(endpoint): * is every address of this host, to listen on; to connect, write one, or localhost")
            }
            return [.ipv6(.any, port: port, scope: 0), .ipv4(.any, port: port)]
        case .ipv4(let address): return [.ipv4(address, port: port)]
        case .ipv6(let address, let scope):
            guard let scope else { return [.ipv6(address, port: port, scope: 0)] }
            guard let index = UInt32(scope) ?? NameService.interface(named: scope), index > 0 else {
                throw ClientFailure(
                    .notResolved, "\(endpoint): there is no interface `\(scope)`; `ip link` lists the interfaces")
            }
            return [.ipv6(address, port: port, scope: index)]
        case .name(let name):
            do throws(NameLookupFailure) {
                let addresses = try NameService.addresses(of: name, port: port)
                if !addresses.isEmpty { return addresses }
                throw NameLookupFailure(reason: "it has no address")
            } catch {
                throw ClientFailure(
                    .notResolved,
                    "\(endpoint): `\(name)` does not resolve: \(error.reason); `getent ahosts \(name)` does the same look-up"
                )
            }
        }
    }
}
