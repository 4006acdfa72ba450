// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A blocking socket of datagrams that does exactly what it is told.
final class DatagramClient {
    /// Its own address, as records show it.
    let address: String

    private var raw: CInt

    /// A socket that is bound, and connected to nobody.
    init(bound place: ServerAddress.Place, patience seconds: Int = 60) throws {
        (raw, address) = try Self.make(place, seconds)
    }

    /// A socket that is connected to an address of the grammar: `udp://127.0.0.1:7`, `unix-dgram:///path`.
    init(to server: String) throws {
        let place = try Self.place(server)
        let own: ServerAddress.Place =
            switch place {
            case .ip(let host, _): .ip(host: host.contains(":") ? "::1" : "127.0.0.1", port: 0)
            case .unix, .abstract: .abstract(name: "usher-test-\(UUID().uuidString)")
            }
        (raw, address) = try Self.make(own, 60)
        let raw = raw
        guard ServerAddress(place).withKernelAddress({ connect(raw, $0, $1) }) == 0 else {
            throw POSIXFailure("connect to \(server)")
        }
    }

    deinit { if raw >= 0 { close(raw) } }

    /// Gives the descriptor away.
    func release() -> CInt {
        defer { raw = -1 }
        return raw
    }

    /// Sends one datagram.
    func send(_ bytes: [UInt8]) throws {
        guard Glibc.send(raw, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else {
            throw POSIXFailure("send")
        }
    }

    /// Sends one datagram.
    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Waits for one datagram.
    func receive() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        let count = recv(raw, &buffer, buffer.count, 0)
        guard count >= 0 else { throw POSIXFailure("recv") }
        return Array(buffer[..<count])
    }

    /// Waits for one datagram of text.
    func receiveText() throws -> String { String(decoding: try receive(), as: UTF8.self) }

    private static func place(_ address: String) throws -> ServerAddress.Place {
        guard let address = ServerAddress(address), address.type == .datagram else {
            throw POSIXFailure("no address of a datagram socket: \(address)", EINVAL)
        }
        return address.place
    }

    private static func make(_ place: ServerAddress.Place, _ patience: Int) throws -> (CInt, String) {
        let family =
            switch place {
            case .ip(let host, _): host.contains(":") ? AF_INET6 : AF_INET
            case .unix, .abstract: AF_UNIX
            }
        let raw = socket(family, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw POSIXFailure("socket") }
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var room: CInt = 4 << 20
        setsockopt(raw, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<CInt>.size))
        guard ServerAddress(place).withKernelAddress({ bind(raw, $0, $1) }) == 0 else {
            close(raw)
            throw POSIXFailure("bind")
        }
        guard case .ip(let host, _) = place else { return (raw, ServerAddress(place, type: .datagram).description) }
        var storage = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        withUnsafeMutablePointer(to: &storage) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(raw, $0, &length) }
        }
        // The port stands at the same place in both versions.
        let port = UInt16(bigEndian: storage.sin6_port)
        return (raw, ServerAddress(.ip(host: host, port: port), type: .datagram).description)
    }
}
