// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

extension ListenAddress {
    /// The interface on which it depends, by its name or number: that of a link-local address or of a group.
    public var interface: String? {
        if let interface = endpoint.options.interface { return interface }
        if case .host(.ipv6(_, let scope?), _) = endpoint.location { return scope }
        return nil
    }

    /// Whether its socket has to follow what happens to interfaces: to one, or to any, since the kernel chose it.
    var followsInterfaces: Bool {
        guard case .bind(let kind, let addresses, _) = target, kind == .tcp || kind == .udp else { return false }
        return interface != nil || addresses.contains(where: \.isMulticast)
    }

    /// Puts the numbers in that its interface has now.
    mutating func follow(_ index: (String) -> UInt32) {
        if let interface = endpoint.options.interface { datagrams.interface = index(interface) }
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
    /// Whether one of its sockets has to follow what happens to interfaces.
    public var followsInterfaces: Bool { listen.contains(where: \.followsInterfaces) }

    /// Puts the numbers in that its interfaces have now.
    ///
    /// - Parameter index: the number for a name, ``InterfaceName/absentIndex(of:)`` if there is none.
    public mutating func follow(_ index: (String) -> UInt32) {
        for place in listen.indices { listen[place].follow(index) }
    }
}

extension HostLookup {
    /// The index of an interface to listen on; one that no interface has if there is none of the name yet.
    public func listeningIndex(ofScope scope: String) -> UInt32 {
        index(ofScope: scope) ?? InterfaceName.absentIndex(of: scope)
    }
}
