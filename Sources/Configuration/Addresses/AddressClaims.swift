// SPDX-License-Identifier: Apache-2.0

import Addresses

/// Records which listener uses which address, to find conflicts.
///
/// An address also conflicts with the wildcard of its family and port: the kernel lets only one of them listen.
struct AddressClaims {
    /// The listener that uses an address, and the text of the address.
    struct Claim {
        let listener: String
        let address: String
        let span: SourceSpan
    }

    private enum Key: Hashable {
        case ipv4(IPv4Address?, port: UInt16, SocketKind)
        case ipv6(IPv6Address?, scope: UInt32, port: UInt16, SocketKind)
        case unix(path: [UInt8])
        case abstract(name: [UInt8], SocketKind)
        case vsock(cid: UInt32?, port: UInt32)
        case passed(name: String)
    }

    /// The first claim of each address; `onPort` has the first claim of any address of a port, under the wildcard's key.
    private var exact: [Key: Claim] = [:]
    private var wildcards: [Key: Claim] = [:]
    private var onPort: [Key: Claim] = [:]

    /// Records an address.
    ///
    /// - Returns: the first claim that it conflicts with.
    mutating func add(_ address: ListenAddress, of listener: String, at span: SourceSpan) -> Claim? {
        var collision: Claim?
        let claim = Claim(listener: listener, address: address.endpoint.description, span: span)
        for key in Self.keys(of: address.target) {
            let earlier = put(key, claim)
            collision = collision ?? earlier
        }
        return collision
    }

    /// The listener that an outgoing connection to this address would reach, as far as is known.
    ///
    /// - Parameter isOwn: whether an IP address belongs to this host; a wildcard accepts it then.
    func holder(of address: SocketAddress, kind: SocketKind, isOwn: (SocketAddress) -> Bool) -> Claim? {
        guard let key = Self.key(of: address, kind) else { return nil }
        if let claim = exact[key] { return claim }
        guard let wildcard = Self.wildcard(of: key), let claim = wildcards[wildcard] else { return nil }
        if case .vsock(let cid, _) = address { return cid == EndpointLocation.localContext ? claim : nil }
        return isOwn(address.with(port: 0)) ? claim : nil
    }

    private mutating func put(_ key: Key, _ claim: Claim) -> Claim? {
        guard let wildcard = Self.wildcard(of: key) else {
            let earlier = exact[key]
            if earlier == nil { exact[key] = claim }
            return earlier
        }
        let earlier = wildcards[wildcard] ?? (key == wildcard ? onPort[wildcard] : exact[key])
        if key == wildcard {
            if wildcards[wildcard] == nil { wildcards[wildcard] = claim }
        } else {
            if exact[key] == nil { exact[key] = claim }
            if onPort[wildcard] == nil { onPort[wildcard] = claim }
        }
        return earlier
    }

    /// The wildcard key for the same family and port; nil for a family without ports.
    private static func wildcard(of key: Key) -> Key? {
        switch key {
        case .ipv4(_, let port, let kind): .ipv4(nil, port: port, kind)
        case .ipv6(_, _, let port, let kind): .ipv6(nil, scope: 0, port: port, kind)
        case .vsock(_, let port): .vsock(cid: nil, port: port)
        case .unix, .abstract, .passed: nil
        }
    }

    private static func keys(of target: ListenAddress.Target) -> [Key] {
        switch target {
        case .passed(let name):
            return [.passed(name: name)]
        case .bind(let kind, let addresses, let dualStack):
            var keys: [Key] = []
            for address in addresses {
                guard let key = key(of: address, kind) else { continue }
                keys.append(key)
                if dualStack, case .ipv6(_, _, let port, _) = key { keys.append(.ipv4(nil, port: port, kind)) }
            }
            return keys
        }
    }

    /// The key of one address; nil if any number of sockets may have it, or the kernel chooses the port.
    private static func key(of address: SocketAddress, _ kind: SocketKind) -> Key? {
        switch address {
        case .ipv4(_, port: 0), .ipv6(_, port: 0, _), .vsock(_, port: .max), .unnamed:
            nil
        case .ipv4(let ip, let port):
            .ipv4(ip == .any ? nil : ip, port: port, kind)
        case .ipv6(let ip, let port, let scope):
            .ipv6(ip == .any ? nil : ip, scope: ip == .any ? 0 : scope, port: port, kind)
        case .unix(let path):
            .unix(path: Endpoint.normalized(path: path))
        case .abstract(let name):
            .abstract(name: name, kind)
        // Any number of sockets may be bound to a CAN interface.
        case .can:
            nil
        case .vsock(let cid, let port):
            .vsock(cid: cid == EndpointLocation.anyContext ? nil : cid, port: port)
        }
    }
}
