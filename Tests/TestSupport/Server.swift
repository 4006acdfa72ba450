// SPDX-License-Identifier: Apache-2.0

import CLinux
import Foundation

/// A listening socket whose connections a test accepts when it wants to, or never.
public final class Server {
    /// Where it listens, with the port that the kernel chose.
    public let address: ServerAddress

    private var raw: CInt

    /// Listens.
    ///
    /// - Parameters:
    ///   - wanted: where; with port 0 the kernel chooses.
    ///   - backlog: how many may wait to be accepted. With 0, one may, and the others are not answered.
    ///   - receiveBuffer: the size of SO_RCVBUF of what is accepted, for a server that takes little.
    public init(_ wanted: ServerAddress = .loopback, backlog: CInt = 128, receiveBuffer: CInt? = nil) throws {
        raw = try wanted.makeSocket()
        do {
            address = try Self.bind(raw, to: wanted)
            if var size = receiveBuffer {
                setsockopt(raw, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
            }
            guard listen(raw, backlog) == 0 else { throw POSIXFailure("listen at \(wanted)") }
        } catch {
            Glibc.close(raw)
            throw error
        }
    }

    /// Binds a socket, and says where it is bound then.
    static func bind(_ raw: CInt, to wanted: ServerAddress) throws -> ServerAddress {
        var on: CInt = 1
        setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        guard wanted.withKernelAddress({ Glibc.bind(raw, $0, $1) }) == 0 else {
            throw POSIXFailure("bind to \(wanted)")
        }
        guard case .ip = wanted.place else { return wanted }
        let own = Self.name { getsockname(raw, $0, $1) }
        guard let own else { throw POSIXFailure("getsockname") }
        return own
    }

    /// The address of TCP that a call tells.
    private static func name(
        _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt
    ) -> ServerAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let isKnown = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                call(address, &length) == 0
                    && getnameinfo(
                        address, length, &host, socklen_t(host.count), &port, socklen_t(port.count),
                        NI_NUMERICHOST | NI_NUMERICSERV) == 0
            }
        }
        func text(_ characters: [CChar]) -> String {
            String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        guard isKnown, let number = UInt16(text(port)) else { return nil }
        return ServerAddress(.ip(host: text(host), port: number))
    }

    /// Accepts a connection, or waits for one. Its `name` is who connected.
    public func accept() throws -> Client {
        try waitUntil("somebody connects to \(address)") { hasConnection }
        let accepted = Self.accept(from: raw)
        guard accepted >= 0 else { throw POSIXFailure("accept4") }
        let peer = Self.name { getpeername(accepted, $0, $1) }
        return Client(adopting: accepted, name: peer?.description ?? address.description)
    }

    /// Takes a connection from a listening socket, so that no program that another test starts meanwhile inherits it.
    ///
    /// - Returns: a descriptor that blocks; -1 with `errno` set if there is none.
    public static func accept(from listening: CInt) -> CInt {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let accepted = clinux_accept(listening, &storage, &length)
        if accepted >= 0 { _ = fcntl(accepted, F_SETFL, 0) }
        return accepted
    }

    /// Whether somebody waits to be accepted.
    public var hasConnection: Bool {
        var entry = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1
    }

    /// Gives the socket to the caller, who closes it.
    public func release() -> CInt {
        defer { raw = -1 }
        return raw
    }

    /// Stops listening, and resets the connections that wait. A program that another test starts at the same moment holds
    /// a copy of the descriptor for a while, so closing it alone would not do.
    public func close() {
        guard raw >= 0 else { return }
        shutdown(raw, CInt(SHUT_RDWR))
        Glibc.close(raw)
        raw = -1
    }

    deinit { close() }
}
