// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where a server listens, in the forms that clients want it in.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address without the kind of socket.
    public enum Place: Hashable, Sendable {
        /// A numeric address, IPv6 without brackets.
        case ip(host: String, port: UInt16)
        /// A path.
        case unix(path: String)
        /// A name in the abstract namespace.
        case abstract(name: String)
    }

    /// Where.
    public var place: Place

    /// The type of a socket, as its scheme shows it.
    public enum SocketType: Hashable, Sendable {
        /// SOCK_STREAM: `tcp`, `unix`.
        case stream
        /// SOCK_SEQPACKET: `unix-seqpacket`.
        case seqpacket
        /// SOCK_DGRAM: `udp`, `unix-dgram`.
        case datagram
    }

    /// Which type of socket listens there.
    public var type = SocketType.stream

    /// Names an address.
    public init(_ place: Place, type: SocketType = .stream) {
        self.place = place
        self.type = type
    }

    /// Reads an address as records show it: `tcp://127.0.0.1:7`, `udp://[::1]:7`, `unix:///path`, `unix-dgram://@name`.
    public init?(_ text: String) {
        guard let separator = text.range(of: "://") else { return nil }
        let rest = text[separator.upperBound...]
        let scheme = text[..<separator.lowerBound]
        switch scheme {
        case "udp", "unix-dgram": type = .datagram
        case "unix-seqpacket": type = .seqpacket
        default: break
        }
        switch scheme {
        case "tcp", "udp":
            guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]) else {
                return nil
            }
            place = .ip(host: rest[..<colon].filter { $0 != "[" && $0 != "]" }, port: port)
        case "unix", "unix-seqpacket", "unix-dgram":
            place = rest.hasPrefix("@") ? .abstract(name: String(rest.dropFirst())) : .unix(path: String(rest))
        default:
            return nil
        }
    }

    /// The port of TCP or UDP; 0 for others.
    public var port: UInt16 {
        if case .ip(_, let port) = place { port } else { 0 }
    }

    /// The same port at another address of this host.
    public func at(_ host: String) -> ServerAddress { ServerAddress(.ip(host: host, port: port), type: type) }

    /// A port of TCP on IPv4's loopback that the kernel chooses.
    public static let loopback = ServerAddress(.ip(host: "127.0.0.1", port: 0))

    /// As records show it.
    public var description: String {
        switch place {
        case .ip(let host, let port): return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path): return "\(scheme)://\(path)"
        case .abstract(let name): return "\(scheme)://@\(name)"
        }
    }

    /// The scheme: `tcp`, `unix-dgram`.
    public var scheme: String {
        switch (place, type) {
        case (.ip, .datagram): "udp"
        case (.ip, _): "tcp"
        case (_, .stream): "unix"
        case (_, .seqpacket): "unix-seqpacket"
        case (_, .datagram): "unix-dgram"
        }
    }

    /// As socat(1) wants it. To get answers from a Unix datagram socket, append `,bind=PATH`.
    public var socat: String {
        let call = type == .datagram ? "SENDTO" : "CONNECT"
        let options = type == .seqpacket ? ",type=5" : ""
        switch place {
        case .ip(let host, let port):
            let name = type == .datagram ? "UDP" : "TCP"
            return host.contains(":") ? "\(name)6:[\(host)]:\(port)" : "\(name)4:\(host):\(port)"
        case .unix(let path): return "UNIX-\(call):\(path)\(options)"
        case .abstract(let name): return "ABSTRACT-\(call):\(name)\(options)"
        }
    }

    /// Makes a socket of the right family and kind.
    func makeSocket() throws -> CInt {
        let family =
            switch place {
            case .ip(let host, _): host.contains(":") ? AF_INET6 : AF_INET
            case .unix, .abstract: AF_UNIX
            }
        let number =
            switch type {
            case .stream: SOCK_STREAM
            case .seqpacket: SOCK_SEQPACKET
            case .datagram: SOCK_DGRAM
            }
        let raw = socket(family, CInt(number.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw POSIXFailure("socket") }
        return raw
    }

    /// Calls `body` with the address as the kernel wants it.
    public func withKernelAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch place {
        case .ip(let host, let port) where host.contains(":"):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            inet_pton(AF_INET6, host, &address.sin6_addr)
            return Self.pass(address, MemoryLayout<sockaddr_in6>.size, body)
        case .ip(let host, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            inet_pton(AF_INET, host, &address.sin_addr)
            return Self.pass(address, MemoryLayout<sockaddr_in>.size, body)
        case .unix(let path): return Self.pass(Array(path.utf8) + [0], body)
        case .abstract(let name): return Self.pass([0] + Array(name.utf8), body)
        }
    }

    private static func pass<Result>(_ name: [UInt8], _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result
    {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let offset = MemoryLayout<sa_family_t>.size
        precondition(name.count <= MemoryLayout<sockaddr_un>.size - offset, "the name of a Unix socket is too long")
        withUnsafeMutableBytes(of: &address) { $0[offset...].copyBytes(from: name) }
        return pass(address, offset + name.count, body)
    }

    private static func pass<Address, Result>(
        _ address: Address, _ length: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }
}
