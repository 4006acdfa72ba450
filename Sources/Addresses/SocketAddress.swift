// SPDX-License-Identifier: Apache-2.0

/// A socket address in 24 bytes instead of the 128 of `sockaddr_storage`.
///
/// The text is the host part of the address grammar: `127.0.0.1:7007`, `[::1]:7007`, `/run/usherd/talk`, `@name`, `2:1024`, `can0#123`.
public enum SocketAddress: Hashable, Sendable {
    /// ip(7): an IPv4 address and a port in host order.
    case ipv4(IPv4Address, port: UInt16)

    /// ipv6(7): an IPv6 address, a port in host order, and the interface index of a link-local address.
    case ipv6(IPv6Address, port: UInt16, scope: UInt32)

    /// unix(7): a path in the file system, as raw bytes, without the terminating NUL.
    case unix(path: [UInt8])

    /// unix(7): a name in the abstract namespace, without the leading NUL.
    case abstract(name: [UInt8])

    /// unix(7): a socket without a name, as most clients are.
    case unnamed

    /// vsock(7): a context identifier and a port.
    case vsock(cid: UInt32, port: UInt32)

    /// SocketCAN: an interface, and for a received frame its identifier.
    case can(InterfaceName, CANIdentifier)

    /// The most bytes of a Unix path: `sun_path` without the terminating NUL, unix(7).
    public static let longestUnixPath = 107

    /// An IPv4-mapped IPv6 address as IPv4; every other address unchanged.
    ///
    /// A dual-stack socket reports IPv4 peers as `::ffff:a.b.c.d`. With one form for each address, rules and searches need not
    /// know both.
    public var canonical: SocketAddress {
        guard case .ipv6(let address, let port, _) = self, let mapped = address.mappedIPv4 else { return self }
        return .ipv4(mapped, port: port)
    }

    /// The port of an IP address in host byte order; nil for other addresses.
    public var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, let port, _): port
        default: nil
        }
    }

    /// Whether it is a loopback address: 127.0.0.0/8 (RFC 1122, 3.2.1.3 (g)) or ::1 (RFC 4291, 2.5.3).
    public var isLoopback: Bool {
        switch self {
        case .ipv4(let address, _): address.value >> 24 == 127
        case .ipv6(let address, _, _): address == .loopback
        case .unix, .abstract, .unnamed, .vsock, .can: false
        }
    }

    /// Whether it is a multicast address: 224.0.0.0/4 (RFC 5771), ff00::/8 (RFC 4291, 2.7).
    public var isMulticast: Bool {
        switch self {
        case .ipv4(let address, _): address.value >> 28 == 0xe
        case .ipv6(let address, _, _): address.high >> 56 == 0xff
        case .unix, .abstract, .unnamed, .vsock, .can: false
        }
    }

    /// Whether a socket that is bound to it receives for any address of the host.
    public var isWildcard: Bool {
        switch self {
        case .ipv4(let address, _): address == .any
        case .ipv6(let address, _, _): address == .any
        case .vsock(let cid, _): cid == .max
        case .can(let interface, _): interface.isAny
        case .unix, .abstract, .unnamed: false
        }
    }

    /// Whether it is an address of unix(7).
    public var isUnix: Bool {
        switch self {
        case .unix, .abstract, .unnamed: true
        case .ipv4, .ipv6, .vsock, .can: false
        }
    }

    /// The same address with another port; an address without a port is unchanged.
    public func with(port: UInt16) -> SocketAddress {
        switch self {
        case .ipv4(let address, _): .ipv4(address, port: port)
        case .ipv6(let address, _, let scope): .ipv6(address, port: port, scope: scope)
        default: self
        }
    }

    /// Appends the text, without making a String. Bytes of Unix names are not escaped.
    public func append(to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: longestText) { append(to: &$0) }
    }

    /// Appends the text, at most ``longestText`` bytes.
    package func append(to bytes: inout ByteOutput) {
        switch self {
        case .ipv4(let address, let port):
            address.append(to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(decimal: UInt64(port))
        case .ipv6(let address, let port, let scope):
            bytes.append(UInt8(ascii: "["))
            address.append(to: &bytes)
            if scope != 0 {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(decimal: UInt64(scope))
            }
            bytes.append("]:")
            bytes.append(decimal: UInt64(port))
        case .unix(let path):
            bytes.append(bytes: path)
        case .abstract(let name):
            bytes.append(UInt8(ascii: "@"))
            bytes.append(bytes: name)
        case .unnamed:
            break
        case .vsock(let cid, let port):
            // VMADDR_CID_ANY has a name in the grammar.
            if cid == .max { bytes.append("any") } else { bytes.append(decimal: UInt64(cid)) }
            bytes.append(UInt8(ascii: ":"))
            bytes.append(decimal: UInt64(port))
        case .can(let interface, let identifier):
            interface.append(to: &bytes)
            guard identifier != .none else { return }
            bytes.append(UInt8(ascii: "#"))
            identifier.append(to: &bytes)
        }
    }

    /// An upper bound for the length of the text.
    package var longestText: Int {
        switch self {
        case .ipv4, .ipv6, .unnamed, .vsock, .can: 64
        case .unix(let name), .abstract(let name): 1 + name.count
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// The text of ``append(to:)``.
    public var description: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
