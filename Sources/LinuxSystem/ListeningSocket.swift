// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A socket that listens, and what is known of it.
///
/// It is closed when the last who holds it lets go: the supervisor and each lane that accepts from it.
///
/// Concurrency: immutable; accept4(2) may be called from any number of threads.
public final class ListeningSocket: Sendable {
    private let descriptor: OwnedDescriptor

    /// The kind of the connections that it accepts.
    public let kind: SocketKind

    /// Where it listens, with the port that the kernel chose if none was asked for.
    public let address: SocketAddress

    /// Takes over a descriptor that listens already, after making sure that it does: one that systemd passed.
    ///
    /// - Throws: what the kernel says; `ENOTCONN` for a socket that does not listen, `EPROTONOSUPPORT` for a kind that
    ///   is not one of ours.
    public init(adopting descriptor: consuming OwnedDescriptor) throws(SystemError) {
        let raw = descriptor.raw
        guard try SocketOption.accepting.value(of: raw) == 1 else { throw SystemError("listen", errno: ENOTCONN) }
        let address = try Self.localAddress(of: raw)
        let type = try SocketOption.socketType.value(of: raw)
        self.kind = try Self.kind(of: address, type: CInt(type))
        self.address = address
        try Self.makeNonBlocking(raw)
        self.descriptor = descriptor
    }

    /// Makes a socket, binds it to `address`, and listens.
    ///
    /// - Parameters:
    ///   - dualStack: for the IPv6 wildcard, whether IPv4 peers come in through it too.
    ///   - access: for a Unix path, who may connect: in force before anybody can.
    public init(
        kind: SocketKind, address: SocketAddress, dualStack: Bool, options: ListeningOptions,
        access: UnixSocketFile.Access = .init()
    ) throws(SystemError) {
        let type = CInt((kind == .unixSeqpacket ? SOCK_SEQPACKET : SOCK_STREAM).rawValue)
        let flags = CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let family = address.family
        let descriptor = OwnedDescriptor(adopting: try systemCall("socket") { socket(family, type | flags, 0) })
        let raw = descriptor.raw
        if kind == .tcp { try SocketOption.reuseAddress.set(1, on: raw) }
        if case .ipv6 = address { try SocketOption.v6Only.set(dualStack ? 0 : 1, on: raw) }
        if case .unix = address { try UnixSocketFile.restrict(raw, to: access) }
        try Self.bind(raw, to: address)
        if case .unix(let path) = address { try UnixSocketFile.apply(access, to: path) }
        self.kind = kind
        self.address = try Self.localAddress(of: raw)
        self.descriptor = descriptor
        try apply(options)
    }

    /// The number, for epoll.
    public var raw: CInt { descriptor.raw }

    /// Puts the options into force; connections that stand keep theirs.
    ///
    /// Calling listen(2) again only changes the backlog: what waits in it stays.
    public func apply(_ options: ListeningOptions) throws(SystemError) {
        let raw = raw
        if kind == .tcp {
            // Connections inherit all of these from the socket that they came in through.
            try SocketOption.noDelay.set(1, on: raw)
            try SocketOption.keepAlive.set(options.keepAlive == nil ? 0 : 1, on: raw)
            if let idle = options.keepAlive?.idle { try SocketOption.keepIdle.set(idle, on: raw) }
            if let interval = options.keepAlive?.interval { try SocketOption.keepInterval.set(interval, on: raw) }
            if let count = options.keepAlive?.count { try SocketOption.keepCount.set(count, on: raw) }
        }
        let backlog = CInt(clamping: options.backlog)
        _ = try systemCall("listen") { listen(raw, backlog) }
    }

    /// Takes one connection: accept4(2). The descriptor is non-blocking and closed on exec.
    ///
    /// - Returns: nil when nobody waits.
    public func accept() throws(SystemError) -> AcceptedSocket? {
        var storage = sockaddr_storage()
        var length = socklen_t(0)
        let raw = raw
        // unsafe: two locals.
        guard let accepted = try systemCallIfReady("accept4", { unsafe clinux_accept(raw, &storage, &length) })
        else { return nil }
        let peer = SocketAddress(kernel: storage, length: length) ?? .unnamed
        return AcceptedSocket(descriptor: OwnedDescriptor(adopting: accepted), peer: peer.canonical)
    }

    /// The local address of any socket: getsockname(2).
    package static func localAddress(of raw: CInt) throws(SystemError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // unsafe: sockaddr_storage begins as every address does, and `length` is its size.
        _ = try systemCall("getsockname") {
            unsafe withUnsafeMutablePointer(to: &storage) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe getsockname(raw, $0, &length)
                }
            }
        }
        guard let address = SocketAddress(kernel: storage, length: length) else {
            throw SystemError("getsockname", errno: EAFNOSUPPORT)
        }
        return address
    }

    private static func bind(_ raw: CInt, to address: SocketAddress) throws(SystemError) {
        _ = try systemCall("bind") {
            // unsafe: the pointer is valid for the call.
            unsafe address.withKernelAddress { pointer, length in unsafe Glibc.bind(raw, pointer, length) }
        }
    }

    private static func kind(of address: SocketAddress, type: CInt) throws(SystemError) -> SocketKind {
        switch (address, type) {
        case (.ipv4, CInt(SOCK_STREAM.rawValue)), (.ipv6, CInt(SOCK_STREAM.rawValue)): return .tcp
        case (.unix, CInt(SOCK_STREAM.rawValue)), (.abstract, CInt(SOCK_STREAM.rawValue)): return .unixStream
        case (.unix, CInt(SOCK_SEQPACKET.rawValue)), (.abstract, CInt(SOCK_SEQPACKET.rawValue)): return .unixSeqpacket
        case (.vsock, CInt(SOCK_STREAM.rawValue)): return .vsock
        default: throw SystemError("getsockopt", errno: EPROTONOSUPPORT)
        }
    }

    private static func makeNonBlocking(_ raw: CInt) throws(SystemError) {
        let flags = try systemCall("fcntl") { fcntl(raw, F_GETFL) }
        _ = try systemCall("fcntl") { fcntl(raw, F_SETFL, flags | O_NONBLOCK) }
        _ = try systemCall("fcntl") { fcntl(raw, F_SETFD, FD_CLOEXEC) }
    }
}
