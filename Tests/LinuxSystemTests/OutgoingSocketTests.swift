// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct OutgoingSocketTests {
    private static let loopback: [SocketAddress] = [.ipv4(.loopback, port: 0), .ipv6(.loopback, port: 0, scope: 0)]

    /// A socket bound to a port of the kernel's choice: to connect it to its own address is what the kernel does where it gives
    /// a connecting socket the port that it connects to.
    private final class Bound {
        private let descriptor: OwnedDescriptor
        let address: SocketAddress

        var raw: CInt { descriptor.raw }

        init(_ kind: SocketKind, _ address: SocketAddress) throws {
            descriptor = try kind.makeSocket(for: address)
            try ListeningSocket.bind(descriptor.raw, to: address)
            self.address = try ListeningSocket.localAddress(of: descriptor.raw)
        }
    }

    @Test(arguments: [SocketKind.tcp, .udp], loopback)
    func `a self-connected socket is ECONNREFUSED`(kind: SocketKind, address: SocketAddress) throws {
        let bound = try Bound(kind, address)
        #expect(throws: SystemError("connect", errno: ECONNREFUSED)) {
            try OutgoingSocket.connect(bound.raw, to: bound.address, SelfConnectGuard())
        }
        // Whoever does not ask is connected to itself.
        let other = try Bound(kind, address)
        _ = try OutgoingSocket.connect(other.raw, to: other.address)
        #expect(try ListeningSocket.localAddress(of: other.raw) == other.address)
    }

    /// The server that should be there can have the port at once.
    @Test func `a self-connected socket leaves no port in use`() throws {
        var bound: Bound? = try Bound(.tcp, .ipv4(.loopback, port: 0))
        let (raw, address) = try (#require(bound).raw, #require(bound).address)
        _ = try? OutgoingSocket.connect(raw, to: address, SelfConnectGuard())
        bound = nil
        _ = try Bound(.tcp, address)
    }

    @Test(arguments: loopback) func `a connection to a server is not self-connected`(address: SocketAddress) throws {
        let server = try ListeningSocket(
            kind: .tcp, address: address, dualStack: false, options: ListeningOptions())
        let descriptor = try OutgoingSocket.make(.tcp, for: server.address)
        _ = try OutgoingSocket.connect(descriptor.raw, to: server.address, SelfConnectGuard())
        #expect(try ListeningSocket.localAddress(of: descriptor.raw).port != server.address.port)
    }

    /// Whether the kernel is asked for the local address of a socket that was connected to an address.
    private func asks(_ guardian: SelfConnectGuard, _ address: SocketAddress) throws -> Bool {
        let bound = try Bound(.tcp, .ipv4(.loopback, port: 0))
        // The range is known by now, so that reading it is no call.
        _ = LocalPortRange.contains(50_000)
        return FaultInjection.failing(call: 1, with: EIO) { _ = try? guardian.isSelf(bound.raw, address) }
    }

    @Test func `an address of another host and a port outside the range cost no call`() throws {
        let guardian = SelfConnectGuard()
        let bound = try Bound(.tcp, .ipv4(.loopback, port: 0))
        let port = try #require(bound.address.port)
        let foreign = SocketAddress.ipv4(IPv4Address(0xc000_0201), port: port)
        // Loopback is always of this host. A port below 1024 is given to nobody.
        #expect(try asks(guardian, .ipv4(.loopback, port: port)))
        #expect(try !asks(guardian, .ipv4(.loopback, port: 80)))
        // What was seen once not to be of this host is not asked for again, for a while: the clock may turn between two.
        var calls = 0
        for _ in 0..<10 {
            if try asks(guardian, foreign) { calls += 1 }
            #expect(try !guardian.isSelf(bound.raw, foreign))
        }
        #expect(calls <= 2)
        #expect(try asks(guardian, .ipv4(IPv4Address(0xc000_0202), port: port)))
    }

    private static let ranges: [(String, ClosedRange<UInt16>?)] = [
        ("32768\t60999\n", 32768...60999), ("1024 65535", 1024...65535), ("5 5\n", 5...5), ("", nil), ("7", nil),
        ("9 8", nil), ("1 2 3", nil), ("a b", nil), ("1 65536", nil), ("-1 5", nil),
    ]

    @Test(arguments: ranges) func `the range of local ports is read`(text: String, range: ClosedRange<UInt16>?) {
        #expect(LocalPortRange.parse(Array(text.utf8)) == range)
    }

    @Test func `the kernel takes local ports from the range`() throws {
        let bound = try Bound(.tcp, .ipv4(.loopback, port: 0))
        #expect(LocalPortRange.contains(try #require(bound.address.port)))
        #expect(!LocalPortRange.contains(1))
    }

    // MARK: - Timers

    @Test func `a TCP socket gets the timers, and no other kind`() throws {
        let timers = PeerTimers(keepAlive: .init(idle: 61, interval: 7, count: 3), userTimeout: 1500)
        let descriptor = try OutgoingSocket.make(.tcp, for: .ipv4(.loopback, port: 1), timers: timers)
        #expect(try SocketOption.keepAlive.value(of: descriptor.raw) == 1)
        #expect(try SocketOption.keepIdle.value(of: descriptor.raw) == 61)
        #expect(try SocketOption.keepInterval.value(of: descriptor.raw) == 7)
        #expect(try SocketOption.keepCount.value(of: descriptor.raw) == 3)
        #expect(try SocketOption.userTimeout.value(of: descriptor.raw) == 1500)
        _ = try OutgoingSocket.make(.unixStream, for: .abstract(name: [1]), timers: timers)
        let plain = try OutgoingSocket.make(.tcp, for: .ipv4(.loopback, port: 1), timers: PeerTimers())
        #expect(try SocketOption.keepAlive.value(of: plain.raw) == 0)
        #expect(try SocketOption.userTimeout.value(of: plain.raw) == 0)
    }

    @Test func `accepted connections inherit the user timeout, and what a reload sets`() throws {
        let socket = try ListeningSocket.own(options: ListeningOptions(userTimeout: 2500))
        let client = try Client(ServerAddress(socket))
        let first = try socket.nextConnection().raw
        #expect(try SocketOption.userTimeout.value(of: first.raw) == 2500)
        try socket.apply(ListeningOptions())
        let other = try Client(ServerAddress(socket))
        let second = try socket.nextConnection().raw
        #expect(try SocketOption.userTimeout.value(of: second.raw) == 0)
        client.close()
        other.close()
    }
}
