// SPDX-License-Identifier: Apache-2.0

public import Addresses
import CLinux
import Glibc
import Synchronization

/// A socket that accepts connections or receives datagrams from clients, with its settings.
///
/// It is closed when its last owner releases it: the supervisor and each lane that accepts from it.
///
/// Concurrency: immutable but for two atomic values; accept4(2) may be called from any number of threads.
public final class ListeningSocket: Sendable {
    private let descriptor: OwnedDescriptor

    /// The kind of the socket, and of the connections that it accepts.
    public let kind: SocketKind

    /// The local address, with the port that the kernel chose if the configured port was 0.
    public let address: SocketAddress

    /// The file of a Unix socket that this object bound; nil for any other socket, and for one that was passed.
    public let file: UnixSocketFile?

    /// Whether the socket was passed to the daemon: then another process may hold it too, and shut it down.
    package let wasPassed: Bool

    /// Whether a socket on the wildcard address accepts datagrams to broadcast addresses.
    package var acceptsBroadcast: Bool { wantsBroadcast.load(ordering: .relaxed) }

    private let wantsBroadcast: Atomic<Bool>

    /// The backlog of listen(2), and its default, that of `net.core.somaxconn`.
    private let backlog: Atomic<CInt>
    private static let defaultBacklog: CInt = 4096

    /// Whether its CAN interface did not exist when the socket was made. It receives nothing until ``bindToInterface()``.
    public let waitsForInterface: Bool

    /// The filters of a CAN socket.
    let filters: [CANFilter]

    /// Whether accepted connections need SO_OOBINLINE set.
    ///
    /// A Unix socket never inherits it; a TCP connection that arrived before the listener had the option does not either.
    private let setsUrgentInline: Bool

    /// The keep-alive options of the TCP socket when it was created or passed; unset keys fall back to them.
    private let originalProbes: ListeningOptions.KeepAlive

    /// Takes over a listening descriptor that systemd passed, after checking it.
    ///
    /// - Throws: the kernel's error; `ENOTCONN` for a socket that does not listen, `EPROTONOSUPPORT` for an unsupported kind.
    public init(adopting descriptor: consuming OwnedDescriptor) throws(SystemError) {
        let raw = descriptor.raw
        try Self.expectSocket(raw)
        let type = try SocketOption.socketType.value(of: raw)
        let address = try Self.localAddress(of: raw)
        let kind = try Self.kind(of: address, type: CInt(type))
        if kind.isDatagram {
            // A datagram socket without a port has no address to send to.
            if address.port == 0 { throw SystemError("listen", errno: ENOTCONN) }
            try Self.prepare(raw, kind, address, DatagramOptions())
        } else if try SocketOption.accepting.value(of: raw) != 1 {
            throw SystemError("listen", errno: ENOTCONN)
        }
        try Self.makeNonBlocking(raw)
        self.kind = kind
        self.address = address
        setsUrgentInline = kind == .tcp || kind == .unixStream
        wantsBroadcast = Atomic(try SocketOption.broadcast.value(of: raw) != 0)
        backlog = Atomic(Self.defaultBacklog)
        originalProbes = try Self.probes(of: raw, kind)
        waitsForInterface = false
        filters = []
        file = nil
        wasPassed = true
        self.descriptor = descriptor
    }

    /// Checks that a descriptor from outside is a socket: later, ENOTSOCK would count as a bug (``OwnBug``).
    private static func expectSocket(_ raw: CInt) throws(SystemError) {
        var status = stat()
        // unsafe: a local.
        _ = try systemCall("fstat") { unsafe fstat(raw, &status) }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw SystemError("getsockopt", errno: ENOTSOCK) }
    }

    /// Makes a socket, binds it to `address`, and listens. On failure the socket and its file are removed.
    ///
    /// - Parameters:
    ///   - dualStack: for the IPv6 wildcard, whether it accepts IPv4 too.
    ///   - access: for a Unix path, the owner and mode of the file, set before anybody can connect.
    ///   - datagrams: the options of a datagram socket.
    ///   - others: TCP sockets of this process on the same port, whose address contains the new one or is contained in it: see
    ///     ``PortSharing``.
    public init(
        kind: SocketKind, address: SocketAddress, dualStack: Bool, options: ListeningOptions,
        access: UnixSocketAccess = .init(), datagrams: DatagramOptions = .init(),
        sharingPortWith others: [ListeningSocket] = []
    ) throws(SystemError) {
        let descriptor = try kind.makeSocket(for: address)
        let raw = descriptor.raw
        if kind == .tcp { try SocketOption.reuseAddress.set(1, on: raw) }
        if case .ipv6 = address, kind != .rds { try SocketOption.v6Only.set(dualStack ? 0 : 1, on: raw) }
        let probes = try Self.probes(of: raw, kind)
        if kind.isDatagram { try Self.prepare(raw, kind, address, datagrams) }
        let sharing = try PortSharing(of: raw, for: address, with: others.map(\.raw))
        defer { sharing.end() }
        waitsForInterface = try !Self.bindOrWait(raw, to: address.reached(through: datagrams.interface))
        if kind == .udp, address.isMulticast { try Self.join(address, on: datagrams.interface, raw) }
        do throws(SystemError) {
            file = try Self.file(of: address, access)
            // getsockname(2) returns an interface index for CAN, and none for a socket that waits for its interface.
            self.address = kind == .can ? address : try Self.localAddress(of: raw)
            try Self.apply(options, to: raw, kind, probes)
        } catch {
            // The socket is closed on failure; bind(2) would leave its file behind.
            if case .unix(let path) = address { try? UnixSocketFile.unlink(path) }
            throw error
        }
        self.kind = kind
        setsUrgentInline = kind == .unixStream
        wantsBroadcast = Atomic(datagrams.broadcast)
        backlog = Atomic(options.backlog.map { CInt(clamping: $0) } ?? Self.defaultBacklog)
        filters = datagrams.filters
        originalProbes = probes
        wasPassed = false
        self.descriptor = descriptor
    }

    /// The descriptor number, for epoll.
    public var raw: CInt { descriptor.raw }

    /// Applies the options; connections that are open keep theirs.
    ///
    /// Calling listen(2) again only changes the backlog; connections that wait in it stay.
    public func apply(_ options: ListeningOptions) throws(SystemError) {
        try Self.apply(options, to: raw, kind, originalProbes)
        if let wanted = options.backlog { backlog.store(CInt(clamping: wanted), ordering: .relaxed) }
    }

    /// Listens again after something on this host shut the socket down, as `ss --kill` does: accept4(2) fails with EINVAL then.
    public func listenAgain() throws(SystemError) {
        let raw = raw
        let backlog = backlog.load(ordering: .relaxed)
        // A port that the kernel chose was released, so bind again. A configured port is still bound: EINVAL.
        try? Self.bind(raw, to: address)
        _ = try systemCall("listen") { listen(raw, backlog) }
    }

    /// Applies the options of a datagram socket; its multicast interface does not change.
    public func apply(_ options: DatagramOptions) throws(SystemError) {
        guard kind == .udp else { return }
        try SocketOption.broadcast.set(options.broadcast ? 1 : 0, on: raw)
        wantsBroadcast.store(options.broadcast, ordering: .relaxed)
    }

    /// Sets the options that accepted connections inherit, and listens.
    private static func apply(
        _ options: ListeningOptions, to raw: CInt, _ kind: SocketKind, _ original: ListeningOptions.KeepAlive
    ) throws(SystemError) {
        switch kind {
        case .tcp:
            try SocketOption.noDelay.set(1, on: raw)
            // Without SO_OOBINLINE a read would skip the urgent byte (tcp(7)); usher treats it as an ordinary byte.
            try SocketOption.urgentInline.set(1, on: raw)
            try SocketOption.keepAlive.set(options.keepAlive == nil ? 0 : 1, on: raw)
            if let wanted = options.keepAlive { try apply(wanted, to: raw, original) }
            // Accepted sockets inherit it, as they do the keep-alive options. 0 means the kernel's own limit.
            try SocketOption.userTimeout.set(options.userTimeout ?? 0, on: raw)
        case .unixSeqpacket:
            // ``Transfer`` needs it to tell an empty message from the end.
            try SocketOption.passCredentials.set(1, on: raw)
        case .unixStream, .vsock:
            break
        case .udp, .unixDatagram, .can, .rds:
            return
        }
        guard let backlog = options.backlog.map({ CInt(clamping: $0) }) else { return }
        _ = try systemCall("listen") { listen(raw, backlog) }
    }

    private static func apply(
        _ wanted: ListeningOptions.KeepAlive, to raw: CInt, _ original: ListeningOptions.KeepAlive
    ) throws(SystemError) {
        if let idle = wanted.idle ?? original.idle { try SocketOption.keepIdle.set(idle, on: raw) }
        if let interval = wanted.interval ?? original.interval { try SocketOption.keepInterval.set(interval, on: raw) }
        if let count = wanted.count ?? original.count { try SocketOption.keepCount.set(count, on: raw) }
    }

    private static func probes(of raw: CInt, _ kind: SocketKind) throws(SystemError) -> ListeningOptions.KeepAlive {
        guard kind == .tcp else { return ListeningOptions.KeepAlive() }
        return ListeningOptions.KeepAlive(
            idle: try SocketOption.keepIdle.value(of: raw), interval: try SocketOption.keepInterval.value(of: raw),
            count: try SocketOption.keepCount.value(of: raw))
    }

    /// The receive buffer of a datagram socket in bytes.
    private static let receiveBuffer = 4 << 20

    /// Sets the options that make a datagram socket report what is needed with each datagram.
    private static func prepare(
        _ raw: CInt, _ kind: SocketKind, _ address: SocketAddress, _ options: DatagramOptions
    ) throws(SystemError) {
        // Optional: a kernel may lack SO_RXQ_OVFL or UDP_GRO; then drops are not counted, or datagrams not joined.
        _ = try? systemCall("setsockopt") { clinux_report_drops(raw) }
        if kind == .can { try prepareBus(raw, options.filters) }
        if kind == .rds { prepareMessages(raw) }
        guard kind == .udp else { return }
        _ = try? systemCall("setsockopt") { clinux_join_datagrams(raw) }
        // Holds a burst while the lane is busy. The kernel limits it to net.core.rmem_max.
        try? SocketOption.receiveBuffer.set(receiveBuffer, on: raw)
        if options.broadcast { try SocketOption.broadcast.set(1, on: raw) }
        let family = address.family
        // Kernels without IP_MULTICAST_ALL also deliver datagrams of groups that other sockets joined.
        _ = try? systemCall("setsockopt") { clinux_only_joined_groups(raw, family) }
        // A socket on one unicast address always answers from it; the others need the destination of each datagram.
        if address.isWildcard || address.isMulticast || options.broadcast {
            _ = try systemCall("setsockopt") { clinux_report_local_address(raw, family) }
        }
        // SO_REUSEADDR lets several sockets listen to one group.
        if address.isMulticast { try SocketOption.reuseAddress.set(1, on: raw) }
    }

    /// Sizes the buffers of an RDS socket for the longest message.
    ///
    /// A message may fill at most half of the send buffer, which the kernel limits to net.core.wmem_max.
    static func prepareMessages(_ raw: CInt) {
        try? SocketOption.sendBuffer.set(DatagramBatch.longestMessage, on: raw)
        try? SocketOption.receiveBuffer.set(receiveBuffer, on: raw)
    }

    private static func join(_ group: SocketAddress, on interface: UInt32, _ raw: CInt) throws(SystemError) {
        _ = try systemCall("setsockopt") {
            // unsafe: the pointer is valid for the call.
            unsafe group.withKernelAddress { pointer, _ in unsafe clinux_join_group(raw, pointer, interface) }
        }
    }

    /// Joins the group that the socket is bound to, on the interface that the kernel chooses by its routes.
    ///
    /// - Throws: `ENODEV` if no route leads to the group now.
    public func joinGroup() throws(SystemError) {
        try Self.join(address, on: 0, raw)
    }

    /// Leaves the group that the socket is bound to on an interface, which may have been removed.
    ///
    /// The kernel keeps a membership of a removed interface, counts it (`igmp_max_memberships` of ip(7)), and delivers nothing.
    ///
    /// - Returns: whether the group was joined there.
    public func leaveGroup(on interface: UInt32) -> Bool {
        let (raw, group) = (raw, address)
        // unsafe: the pointer is valid for the call.
        let left = try? systemCall("setsockopt") {
            unsafe group.withKernelAddress { pointer, _ in unsafe clinux_leave_group(raw, pointer, interface) }
        }
        return left != nil
    }

    private static func file(
        of address: SocketAddress, _ access: UnixSocketAccess
    ) throws(SystemError) -> UnixSocketFile? {
        guard case .unix(let path) = address else { return nil }
        let file = try UnixSocketFile(at: path)
        try file.setInitialAccess(access)
        return file
    }

    /// Accepts one connection: accept4(2). The descriptor is non-blocking and close-on-exec.
    ///
    /// - Returns: nil if no connection waits.
    public func accept() throws(SystemError) -> AcceptedSocket? {
        var storage = sockaddr_storage()
        var length = socklen_t(0)
        let raw = raw
        // unsafe: two locals.
        guard let accepted = try systemCallIfReady("accept4", { unsafe clinux_accept(raw, &storage, &length) })
        else { return nil }
        if setsUrgentInline { try? SocketOption.urgentInline.set(1, on: accepted) }
        let peer = SocketAddress(kernel: storage, length: length) ?? .unnamed
        return AcceptedSocket(descriptor: OwnedDescriptor(adopting: accepted), peer: peer.canonical)
    }

    /// Whether a passed descriptor is a socket of this kind on this address, or on one that conflicts with it.
    public static func has(_ address: SocketAddress, _ kind: SocketKind, _ raw: CInt) -> Bool {
        guard (try? expectSocket(raw)) != nil,
            let type = try? SocketOption.socketType.value(of: raw),
            let own = try? localAddress(of: raw), (try? self.kind(of: own, type: CInt(type))) == kind
        else { return false }
        return own == address || own.collides(with: address)
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

    static func bind(_ raw: CInt, to address: SocketAddress) throws(SystemError) {
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
        case (.ipv4, CInt(SOCK_DGRAM.rawValue)), (.ipv6, CInt(SOCK_DGRAM.rawValue)): return .udp
        case (.unix, CInt(SOCK_DGRAM.rawValue)), (.abstract, CInt(SOCK_DGRAM.rawValue)): return .unixDatagram
        default: throw SystemError("getsockopt", errno: EPROTONOSUPPORT)
        }
    }

    private static func makeNonBlocking(_ raw: CInt) throws(SystemError) {
        let flags = try systemCall("fcntl") { fcntl(raw, F_GETFL) }
        _ = try systemCall("fcntl") { fcntl(raw, F_SETFL, flags | O_NONBLOCK) }
        _ = try systemCall("fcntl") { fcntl(raw, F_SETFD, FD_CLOEXEC) }
    }
}

extension SocketAddress {
    /// For an IPv6 multicast address, the address with the interface as its scope, which bind(2) needs: RFC 4007.
    func reached(through interface: UInt32) -> SocketAddress {
        guard isMulticast, case .ipv6(let group, let port, scope: 0) = self else { return self }
        return .ipv6(group, port: port, scope: interface)
    }
}
