// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct ListeningSocketTests {
    // MARK: - Binding

    @Test(arguments: [SocketKind.tcp, .unixStream, .unixSeqpacket])
    func `accept returns one connection, or none for an empty backlog`(kind: SocketKind) throws {
        let socket = try ListeningSocket.own(kind)
        #expect(socket.kind == kind)
        #expect(try socket.accept() == nil)
        let clients = try (0..<3).map { _ in try Client(ServerAddress(socket)) }
        for _ in clients { _ = try socket.nextConnection() }
        #expect(try socket.accept() == nil)
    }

    @Test func `port 0 gets the kernel's port`() throws {
        let socket = try ListeningSocket.own()
        #expect(try #require(socket.address.port) > 0)
        #expect(socket.file == nil)
    }

    @Test(arguments: [SocketKind.tcp, .unixStream, .unixSeqpacket])
    func `accepted sockets are nonblocking and close-on-exec`(kind: SocketKind) throws {
        let socket = try ListeningSocket.own(kind)
        let client = try Client(ServerAddress(socket))
        let (accepted, _) = try socket.nextConnection()
        for raw in [socket.raw, accepted.raw] {
            #expect(fcntl(raw, F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(raw, F_GETFD) & FD_CLOEXEC != 0)
        }
        client.close()
    }

    @Test func `an IPv6 wildcard accepts IPv4 only without IPV6_V6ONLY, shown as IPv4`() throws {
        let dual = try ListeningSocket(
            kind: .tcp, address: .ipv6(.any, port: 0, scope: 0), dualStack: true, options: ListeningOptions())
        let client = try Client(ServerAddress(dual).at("127.0.0.1"))
        let peer = try dual.nextConnection().peer
        #expect("tcp://\(peer)" == client.name)
        guard case .ipv4 = peer else {
            Issue.record("\(peer) is not shown as IPv4")
            return
        }
        let other = try Client(ServerAddress(dual))
        #expect("tcp://\(try dual.nextConnection().peer)" == other.name)

        let single = try ListeningSocket(
            kind: .tcp, address: .ipv6(.any, port: 0, scope: 0), dualStack: false, options: ListeningOptions())
        // That nobody listens there on IPv4 cannot be asked: another test may, on this very port.
        #expect(try SocketOption.v6Only.value(of: single.raw) == 1)
        _ = try Client(ServerAddress(single))
    }

    @Test func `an IPv4 and an IPv6 socket can share a port number`() throws {
        // The port that the kernel chose for one may be another program's on the other.
        let isThere = try (0..<100).contains { _ in
            let six = try ListeningSocket(
                kind: .tcp, address: .ipv6(.any, port: 0, scope: 0), dualStack: false, options: ListeningOptions())
            let port = try #require(six.address.port)
            let four = try? ListeningSocket(
                kind: .tcp, address: .ipv4(.any, port: port), dualStack: false, options: ListeningOptions())
            return four != nil
        }
        #expect(isThere)
    }

    @Test func `an address in use is EADDRINUSE`() throws {
        for kind in [SocketKind.tcp, .unixStream, .unixSeqpacket] {
            let socket = try ListeningSocket.own(kind)
            #expect(throws: SystemError("bind", errno: EADDRINUSE)) {
                try ListeningSocket(
                    kind: kind, address: socket.address, dualStack: false, options: ListeningOptions())
            }
        }
    }

    @Test func `an address with connections in TIME_WAIT can be bound`() throws {
        // Of loopback's addresses one that no client has, which might get the port meanwhile.
        let host = IPv4Address(0x7f00_0000 | .random(in: 0x1_0000...0xff_fffe))
        var socket: ListeningSocket? = try ListeningSocket(
            kind: .tcp, address: .ipv4(host, port: 0), dualStack: false, options: ListeningOptions())
        let address = try #require(socket).address
        let client = try Client(ServerAddress(try #require(socket)))
        // Who closes first waits in TIME_WAIT.
        _ = try #require(socket).nextConnection()
        socket = nil
        #expect(try client.receiveAll().isEmpty)
        client.close()
        _ = try ListeningSocket(kind: .tcp, address: address, dualStack: false, options: ListeningOptions())
    }

    @Test func `a missing address is EADDRNOTAVAIL`() {
        #expect(throws: SystemError("bind", errno: EADDRNOTAVAIL)) {
            try ListeningSocket(
                kind: .tcp, address: .ipv4(IPv4Address(0xc000_0201), port: 0), dualStack: false,
                options: ListeningOptions())
        }
    }

    // MARK: - Options

    @Test func `accepted connections inherit the current socket options`() throws {
        let options = ListeningOptions(keepAlive: .init(idle: 61, interval: 7, count: 3))
        let socket = try ListeningSocket.own(options: options)
        let client = try Client(ServerAddress(socket))
        let first = try socket.nextConnection().raw
        #expect(try Probes(first.raw) == Probes(on: 1, idle: 61, interval: 7, count: 3, noDelay: 1))

        try socket.apply(ListeningOptions())
        let other = try Client(ServerAddress(socket))
        let second = try socket.nextConnection().raw
        #expect(try Probes(second.raw).on == 0)
        #expect(try Probes(second.raw).noDelay == 1)
        #expect(try Probes(first.raw) == Probes(on: 1, idle: 61, interval: 7, count: 3, noDelay: 1))
        client.close()
        other.close()
    }

    @Test func `an option that is removed returns to the kernel's value`() throws {
        let original = try ListeningSocket.own(options: ListeningOptions(keepAlive: .init()))
        let socket = try ListeningSocket.own(
            options: ListeningOptions(keepAlive: .init(idle: 61, interval: 7, count: 3)))
        try socket.apply(ListeningOptions(keepAlive: .init(interval: 8)))
        var expected = try Probes(original.raw)
        expected.interval = 8
        #expect(try Probes(socket.raw) == expected)
        try socket.apply(ListeningOptions(keepAlive: .init()))
        #expect(try Probes(socket.raw) == Probes(original.raw))
    }

    @Test(arguments: [SocketKind.tcp, .unixStream, .unixSeqpacket])
    func `a new backlog length keeps queued connections`(kind: SocketKind) throws {
        let socket = try ListeningSocket.own(kind, options: ListeningOptions(backlog: 16))
        let clients = try (0..<4).map { _ in try Client(ServerAddress(socket)) }
        for client in clients { try client.send("hello") }
        try socket.apply(ListeningOptions(backlog: 1))
        if kind == .tcp { #expect(try socket.kernelBacklog() == 1) }
        for _ in clients {
            let accepted = try socket.nextConnection().raw
            var bytes = [UInt8](repeating: 0, count: 5)
            try waitUntil("what the client said is here") { recv(accepted.raw, &bytes, 5, 0) == 5 }
            try accepted.write(Array("welcome".utf8))
        }
        for client in clients { #expect(try client.receive(exactly: 7) == Array("welcome".utf8)) }
    }

    @Test func `a passed socket keeps its backlog length`() throws {
        let socket = try ListeningSocket.own(options: ListeningOptions(backlog: 16))
        try socket.apply(ListeningOptions(backlog: nil))
        #expect(try socket.kernelBacklog() == 16)
    }

    @Test func `any backlog length is accepted`() throws {
        _ = try ListeningSocket.own(options: ListeningOptions(backlog: .max))
        let socket = try ListeningSocket.own(options: ListeningOptions(backlog: 0))
        _ = try Client(ServerAddress(socket))
    }

    // MARK: - Taking over

    private func passed(_ family: CInt, _ type: __socket_type, listening: Bool = true) throws -> CInt {
        let raw = socket(family, CInt(type.rawValue), 0)
        guard raw >= 0 else { throw POSIXFailure("socket") }
        let address: SocketAddress =
            switch family {
            case AF_UNIX: .ownAbstractName()
            case AF_INET6: .ipv6(.loopback, port: 0, scope: 0)
            default: .ipv4(.loopback, port: 0)
            }
        guard address.withKernelAddress({ bind(raw, $0, $1) }) == 0 else { throw POSIXFailure("bind") }
        if listening, listen(raw, 5) != 0 { throw POSIXFailure("listen") }
        return raw
    }

    @Test(arguments: [
        (AF_INET, SOCK_STREAM, SocketKind.tcp), (AF_INET6, SOCK_STREAM, .tcp), (AF_UNIX, SOCK_STREAM, .unixStream),
        (AF_UNIX, SOCK_SEQPACKET, .unixSeqpacket),
    ])
    func `a listening socket is adopted`(family: CInt, type: __socket_type, kind: SocketKind) throws {
        let raw = try passed(family, type)
        let socket = try ListeningSocket(adopting: OwnedDescriptor(adopting: raw))
        #expect(socket.kind == kind)
        #expect(socket.raw == raw)
        #expect(socket.file == nil)
        #expect(fcntl(raw, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(raw, F_GETFD) & FD_CLOEXEC != 0)
        #expect(try socket.accept() == nil)
        let client = try Client(ServerAddress(socket))
        _ = try socket.nextConnection()
        client.close()
    }

    @Test(arguments: [
        (AF_INET, SocketKind.udp), (AF_INET6, .udp), (AF_UNIX, .unixDatagram),
    ])
    func `a bound datagram socket is adopted`(family: CInt, kind: SocketKind) throws {
        let raw = try passed(family, SOCK_DGRAM, listening: false)
        let socket = try ListeningSocket(adopting: OwnedDescriptor(adopting: raw))
        #expect(socket.kind == kind)
        #expect(socket.raw == raw)
        #expect(fcntl(raw, F_GETFL) & O_NONBLOCK != 0)
    }

    @Test func `keepalive options of a passed socket are restored`() throws {
        let raw = try passed(AF_INET, SOCK_STREAM)
        try SocketOption.keepIdle.set(99, on: raw)
        let socket = try ListeningSocket(adopting: OwnedDescriptor(adopting: raw))
        try socket.apply(ListeningOptions(backlog: nil, keepAlive: .init(idle: 5)))
        #expect(try SocketOption.keepIdle.value(of: raw) == 5)
        try socket.apply(ListeningOptions(backlog: nil, keepAlive: .init()))
        #expect(try SocketOption.keepIdle.value(of: raw) == 99)
    }

    @Test func `an unusable passed socket is refused and closed`() throws {
        try withOwnDescriptors {
            let before = try openDescriptors()
            func refused(_ error: SystemError, _ make: () throws -> CInt) throws {
                let raw = try make()
                #expect(throws: error) { try ListeningSocket(adopting: OwnedDescriptor(adopting: raw)) }
            }
            try refused(SystemError("listen", errno: ENOTCONN)) { try passed(AF_INET, SOCK_STREAM, listening: false) }
            try refused(SystemError("listen", errno: ENOTCONN)) { socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0) }
            try refused(SystemError("listen", errno: ENOTCONN)) { socket(AF_INET6, CInt(SOCK_DGRAM.rawValue), 0) }
            try refused(SystemError("getsockopt", errno: EPROTONOSUPPORT)) {
                socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
            }
            try refused(SystemError("getsockopt", errno: ENOTSOCK)) { open("/dev/null", O_RDONLY) }
            #expect(try openDescriptors() == before)
        }
    }

    // MARK: - Every call that can fail

    @Test(arguments: [EMFILE, ENFILE, ENOMEM, ENOBUFS, EACCES, EADDRINUSE])
    func `a failure of any call leaks no descriptor`(errno: CInt) throws {
        try withOwnDescriptors {
            let directory = try TemporaryDirectory()
            let path = directory.appending("socket")
            let addresses: [(SocketKind, SocketAddress)] = [
                (.tcp, .ipv4(.loopback, port: 0)), (.tcp, .ipv6(.any, port: 0, scope: 0)),
                (.unixStream, .unix(path: Array(path.utf8))), (.unixSeqpacket, .unix(path: Array(path.utf8))),
            ]
            for (kind, address) in addresses {
                let before = try openDescriptors()
                var failures = 0
                var isWhole = false
                while !isWhole {
                    var socket: ListeningSocket?
                    let reached = FaultInjection.failing(call: failures + 1, with: errno) {
                        socket = try? ListeningSocket(
                            kind: kind, address: address, dualStack: true,
                            options: ListeningOptions(keepAlive: .init(idle: 60)),
                            access: UnixSocketAccess(mode: 0o600))
                    }
                    isWhole = !reached
                    if reached { failures += 1 }
                    #expect((socket == nil) == reached, "call \(failures)")
                    try socket?.file?.remove()
                    socket = nil
                    #expect(try openDescriptors() == before, "call \(failures)")
                    #expect(access(path, F_OK) != 0, "call \(failures)")
                }
                #expect(failures >= 4)
            }
        }
    }
}

/// What a TCP socket is set to.
private struct Probes: Equatable {
    var on: Int
    var idle: Int
    var interval: Int
    var count: Int
    var noDelay: Int

    init(on: Int, idle: Int, interval: Int, count: Int, noDelay: Int) {
        (self.on, self.idle, self.interval, self.count, self.noDelay) = (on, idle, interval, count, noDelay)
    }

    init(_ raw: CInt) throws {
        on = try SocketOption.keepAlive.value(of: raw)
        idle = try SocketOption.keepIdle.value(of: raw)
        interval = try SocketOption.keepInterval.value(of: raw)
        count = try SocketOption.keepCount.value(of: raw)
        noDelay = try SocketOption.noDelay.value(of: raw)
    }
}

extension ListeningSocket {
    /// How many may wait: TCP_INFO of tcp(7), whose `tcpi_sacked` is that for a socket which listens.
    fileprivate func kernelBacklog() throws -> UInt32 {
        var info = [UInt32](repeating: 0, count: 64)
        var length = socklen_t(info.count * 4)
        guard getsockopt(raw, CInt(IPPROTO_TCP), 11 /* TCP_INFO */, &info, &length) == 0 else {
            throw POSIXFailure("getsockopt")
        }
        // Eight bytes of small fields, then rto, ato, snd_mss, rcv_mss, unacked, sacked.
        return info[7]
    }
}
