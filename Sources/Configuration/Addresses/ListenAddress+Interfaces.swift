// SPDX-License-Identifier: Apache-2.0

package import Addresses

extension Endpoint {
    /// The name or index of the interface that the endpoint depends on.
    fileprivate var interface: String? {
        if let interface = options.interface { return interface }
        if case .host(.ipv6(_, let scope?), _) = location { return scope }
        return nil
    }

    /// The index of that interface, if it is written as a number.
    package var interfaceNumber: UInt32? { interface.flatMap { UInt32($0) } }
}

extension ListenAddress {
    /// The name or index of the interface that the address depends on: that of a link-local address or of a group.
    public var interface: String? { endpoint.interface }

    /// Whether its sockets depend on interfaces or addresses that this host may lose and get again.
    ///
    /// All addresses do but the wildcards and IPv4 loopback, which every host has.
    var dependsOnHost: Bool {
        guard case .bind(let kind, let addresses, _) = target, kind == .tcp || kind == .udp else { return false }
        return addresses.contains { address in
            if case .ipv4 = address, address.isLoopback { return false }
            return !address.isWildcard
        }
    }

    /// Updates the index of its interface to the current one.
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
    /// Whether one of its sockets depends on interfaces or addresses that this host may lose and get again.
    public var dependsOnHost: Bool { listen.contains(where: \.dependsOnHost) }
}

extension Configuration {
    /// Updates the indices of the interfaces to listen on to the current ones.
    ///
    /// - Parameter index: the index for a name; ``InterfaceName/absentIndex(of:)`` if this host has no such interface.
    public mutating func follow(_ index: (String) -> UInt32) {
        for listener in listeners.indices {
            for place in listeners[listener].listen.indices { listeners[listener].listen[place].follow(index) }
        }
    }
}

extension HostLookup {
    /// The index of an interface to listen on; for a missing one, ``InterfaceName/absentIndex(of:)``.
    public func listeningIndex(ofScope scope: String) -> UInt32 {
        index(ofScope: scope) ?? InterfaceName.absentIndex(of: scope)
    }
}
