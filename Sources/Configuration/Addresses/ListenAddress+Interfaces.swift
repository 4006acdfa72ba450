// SPDX-License-Identifier: Apache-2.0

package import Addresses

extension Endpoint {
    /// The name or number of the interface that it depends on.
    fileprivate var interface: String? {
        if let interface = options.interface { return interface }
        if case .host(.ipv6(_, let scope?), _) = location { return scope }
        return nil
    }

    /// The number of that interface, where it is written as one.
    package var interfaceNumber: UInt32? { interface.flatMap { UInt32($0) } }
}

extension ListenAddress {
    /// The name or number of the interface that it depends on: that of a link-local address or of a group.
    public var interface: String? { endpoint.interface }

    /// Whether a socket that is bound to it depends on interfaces or addresses that this host may lose and get: all but the
    /// wildcards and IPv4 loopback, which every host has.
    var dependsOnHost: Bool {
        guard case .bind(let kind, let addresses, _) = target, kind == .tcp || kind == .udp else { return false }
        return addresses.contains { address in
            if case .ipv4 = address, address.isLoopback { return false }
            return !address.isWildcard
        }
    }

    /// Replaces the number of its interface by the one that the interface has now.
    mutating func follow(_ index: (String) -> UInt32) {
        if let interface, endpoint.isMulticast { datagrams.interface = index(interface) }
        guard case .host(.ipv6(_, let scope?), _) = endpoint.location,
            case .bind(let kind, let addresses, let dualStack) = target
        else { return }
        let number = index(scope)
        let followed = addresses.map { address in
            guard case .ipv6(let ip, let port, _) = address else { return address }
            return SocketAddress.ipv6(ip, port: port, scope: number)
        }
        target = .bind(kind, followed, dualStack: dualStack)
    }
}

extension ListenerSettings {
    /// Whether one of its sockets depends on interfaces or addresses that this host may lose and get.
    public var dependsOnHost: Bool { listen.contains(where: \.dependsOnHost) }
}

extension Configuration {
    /// Replaces the numbers of interfaces to listen on by those that the interfaces have now.
    ///
    /// - Parameter index: the number for a name; ``InterfaceName/absentIndex(of:)`` if this host has no such interface.
    public mutating func follow(_ index: (String) -> UInt32) {
        for listener in listeners.indices {
            for place in listeners[listener].listen.indices { listeners[listener].listen[place].follow(index) }
        }
    }
}

extension HostLookup {
    /// The number of an interface to listen on; of a missing one, ``InterfaceName/absentIndex(of:)``.
    public func listeningIndex(ofScope scope: String) -> UInt32 {
        index(ofScope: scope) ?? InterfaceName.absentIndex(of: scope)
    }
}
