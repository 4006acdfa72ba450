// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem

/// A UDP or Unix datagram socket of a test, which waits for nothing.
public final class DatagramPeer {
    /// The descriptor.
    public let raw: CInt

    /// Makes a socket.
    ///
    /// - Parameters:
    ///   - host: an IP address to bind to, at a port that the kernel chooses unless one is given; nil makes a Unix socket,
    ///     which gets an abstract name.
    ///   - isNamed: false leaves a Unix socket without a name.
    public init(_ host: String? = "127.0.0.1", port: UInt16 = 0, isNamed: Bool = true) throws {
        let type = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let family = host.map { $0.contains(":") ? AF_INET6 : AF_INET } ?? AF_UNIX
        raw = socket(family, type, 0)
        guard raw >= 0 else { throw POSIXFailure("socket") }
        guard isNamed else { return }
        var result: CInt = 0
        if let host {
            result = ServerAddress(.ip(host: host, port: port)).withKernelAddress { bind(raw, $0, $1) }
        } else {
            // The family alone: the kernel chooses a name (unix(7), autobind).
            var family = sa_family_t(AF_UNIX)
            result = withUnsafePointer(to: &family) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(raw, $0, socklen_t(MemoryLayout<sa_family_t>.size))
                }
            }
        }
        guard result == 0 else { throw POSIXFailure("bind") }
    }

    deinit { close(raw) }

    /// Its port.
    public var port: UInt16 {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        withUnsafeMutablePointer(to: &address) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(raw, $0, &length) }
        }
        // sin_port and sin6_port lie in the same place.
        return UInt16(bigEndian: address.sin6_port)
    }

    /// Has a socket as the only one that it talks with.
    public func connect(to socket: ListeningSocket, host: String? = nil) throws {
        let result = try address(of: socket, host).withKernelAddress { Glibc.connect(raw, $0, $1) }
        guard result == 0 else { throw POSIXFailure("connect") }
    }

    /// Sends a datagram to a socket.
    ///
    /// - Parameter host: the IP address, where it listens on several.
    public func send(_ bytes: [UInt8], to socket: ListeningSocket, host: String? = nil) throws {
        let sent = try address(of: socket, host).withKernelAddress { pointer, length in
            sendto(raw, bytes, bytes.count, 0, pointer, length)
        }
        guard sent == bytes.count else { throw POSIXFailure("sendto") }
    }

    /// Sends a datagram to a port of 127.0.0.1.
    public func send(_ bytes: [UInt8], toPort port: UInt16) {
        _ = ServerAddress(.ip(host: "127.0.0.1", port: port)).withKernelAddress {
            sendto(raw, bytes, bytes.count, 0, $0, $1)
        }
    }

    /// Sends a text.
    public func send(_ text: String, to socket: ListeningSocket, host: String? = nil) throws {
        try send(Array(text.utf8), to: socket, host: host)
    }

    /// Sends datagrams of one length as one, for the kernel to cut up: UDP_SEGMENT of udp(7).
    public func send(_ bytes: [UInt8], segment: CInt, to socket: ListeningSocket) throws {
        var segment = segment
        // UDP_SEGMENT, which the Glibc module lacks.
        let size = socklen_t(MemoryLayout<CInt>.size)
        guard setsockopt(raw, CInt(IPPROTO_UDP), 103, &segment, size) == 0 else { throw POSIXFailure("setsockopt") }
        defer {
            segment = 0
            setsockopt(raw, CInt(IPPROTO_UDP), 103, &segment, size)
        }
        try send(bytes, to: socket)
    }

    /// The next datagram that has come; nil if there is none.
    public func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        let count = recv(raw, &buffer, buffer.count, 0)
        return count < 0 ? nil : Array(buffer[..<count])
    }

    /// The next datagram, and the host that it comes from.
    public func receiveWithSource() -> (bytes: [UInt8], host: String, port: UInt16)? {
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let count = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(raw, &buffer, buffer.count, 0, $0, &length)
            }
        }
        guard count >= 0 else { return nil }
        var host = [CChar](repeating: 0, count: 1025)
        var service = [CChar](repeating: 0, count: 33)
        withUnsafePointer(to: storage) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getnameinfo($0, length, &host, 1025, &service, 33, NI_NUMERICHOST | NI_NUMERICSERV)
            }
        }
        func text(_ characters: [CChar]) -> String {
            String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return (Array(buffer[..<count]), text(host), UInt16(text(service)) ?? 0)
    }

    /// Every datagram that has come, as text.
    public func texts() -> [String] {
        var texts: [String] = []
        while let bytes = receive() { texts.append(String(decoding: bytes, as: UTF8.self)) }
        return texts
    }

    private func address(of socket: ListeningSocket, _ host: String?) throws -> ServerAddress {
        guard let address = ServerAddress("\(socket.kind.scheme)://\(socket.address)") else {
            throw POSIXFailure("no address \(socket.address)", EINVAL)
        }
        return host.map { address.at($0) } ?? address
    }
}
