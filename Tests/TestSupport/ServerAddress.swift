// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where a server listens, in the forms that clients want it in.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address without the kind of socket.
    public enum Place: Hashable, Sendable {
        /// A numeric address, IPv6 without brackets.
        case tcp(host: String, port: UInt16)
        /// A path.
        case unix(path: String)
        /// A name in the abstract namespace.
        case abstract(name: String)
    }

    /// Where.
    public var place: Place

    /// Whether it is of the kind SOCK_SEQPACKET.
    public var isSeqpacket = false

    /// Names an address.
    public init(_ place: Place, isSeqpacket: Bool = false) {
        self.place = place
        self.isSeqpacket = isSeqpacket
    }

    /// Reads an address as records show it: `tcp://127.0.0.1:7`, `tcp://[::1]:7`, `unix:///path`, `unix-seqpacket://@name`.
    public init?(_ text: String) {
        guard let separator = text.range(of: "://") else { return nil }
        let rest = text[separator.upperBound...]
        switch text[..<separator.lowerBound] {
        case "tcp":
            guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]) else {
                return nil
            }
            place = .tcp(host: rest[..<colon].filter { $0 != "[" && $0 != "]" }, port: port)
        case "unix", "unix-seqpacket":
            isSeqpacket = text.hasPrefix("unix-seqpacket")
            place = rest.hasPrefix("@") ? .abstract(name: String(rest.dropFirst())) : .unix(path: String(rest))
        default:
            return nil
        }
    }

    /// The port of a TCP address; 0 for others.
    public var port: UInt16 {
        if case .tcp(_, let port) = place { port } else { 0 }
    }

    /// The same port at another address of this host.
    public func at(_ host: String) -> ServerAddress { ServerAddress(.tcp(host: host, port: port)) }

    /// A port of IPv4's loopback that the kernel chooses.
    public static let loopback = ServerAddress(.tcp(host: "127.0.0.1", port: 0))

    /// As records show it.
    public var description: String {
        let scheme = isSeqpacket ? "unix-seqpacket" : "unix"
        switch place {
        case .tcp(let host, let port):
            return "tcp://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path): return "\(scheme)://\(path)"
        case .abstract(let name): return "\(scheme)://@\(name)"
        }
    }

    /// As socat(1) wants it.
    public var socat: String {
        let type = isSeqpacket ? ",type=5" : ""
        switch place {
        case .tcp(let host, let port):
            return host.contains(":") ? "TCP6:[\(host)]:\(port)" : "TCP4:\(host):\(port)"
        case .unix(let path): return "UNIX-CONNECT:\(path)\(type)"
        case .abstract(let name): return "ABSTRACT-CONNECT:\(name)\(type)"
        }
    }

    /// Makes a socket of the right family and kind.
    func makeSocket() throws -> CInt {
        let family =
            switch place {
            case .tcp(let host, _): host.contains(":") ? AF_INET6 : AF_INET
            case .unix, .abstract: AF_UNIX
            }
        let type = CInt((isSeqpacket ? SOCK_SEQPACKET : SOCK_STREAM).rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let raw = socket(family, type, 0)
        guard raw >= 0 else { throw POSIXFailure("socket") }
        return raw
    }

    /// Calls `body` with the address as the kernel wants it.
    public func withKernelAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch place {
        case .tcp(let host, let port) where host.contains(":"):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            inet_pton(AF_INET6, host, &address.sin6_addr)
            return Self.pass(address, MemoryLayout<sockaddr_in6>.size, body)
        case .tcp(let host, let port):
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
