// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Testing

/// Messages with bounds, and where they come from.
@Suite struct MessageSocketTests {
    private func receive(_ raw: CInt, room: Int = 100) throws -> (MessageSocket.Arrival, [UInt8])? {
        var buffer = [UInt8](repeating: 0, count: room)
        let arrival = try buffer.withUnsafeMutableBytes { try MessageSocket.receive(raw, into: $0) }
        return arrival.map { ($0, Array(buffer.prefix($0.length))) }
    }

    private func bound(_ kind: SocketKind, _ address: SocketAddress) throws -> OwnedDescriptor {
        let descriptor = try kind.makeSocket(for: address)
        try MessageSocket.bind(descriptor.raw, to: address)
        return descriptor
    }

    @Test(arguments: [
        (SocketKind.udp, SocketAddress.ipv4(.loopback, port: 0)), (.udp, .ipv6(.loopback, port: 0, scope: 0)),
        (.unixDatagram, .unnamed),
    ])
    func `a message has bytes and source, also an empty one`(kind: SocketKind, any: SocketAddress) throws {
        let here = try bound(kind, any)
        let there = try bound(kind, any)
        let address = try ListeningSocket.localAddress(of: here.raw)
        let source = try ListeningSocket.localAddress(of: there.raw)
        #expect(try receive(here.raw) == nil)
        for message in [[1, 2, 3], [], [4]] as [[UInt8]] {
            #expect(try MessageSocket.send(kind, there.raw, message, to: address))
            let (arrival, bytes) = try #require(try receive(here.raw))
            #expect(bytes == message)
            #expect(arrival.length == message.count)
            #expect(arrival.source == source)
        }
    }

    @Test func `autobind gives an abstract name`() throws {
        let here = try bound(.unixDatagram, .unnamed)
        let address = try ListeningSocket.localAddress(of: here.raw)
        guard case .abstract(let name) = address else {
            Issue.record("the kernel calls it \(address)")
            return
        }
        #expect(name.count == 5)
    }

    @Test(arguments: [SocketKind.udp, .unixDatagram])
    func `a truncated message has its full length`(kind: SocketKind) throws {
        let any: SocketAddress = kind == .udp ? .ipv4(.loopback, port: 0) : .unnamed
        let here = try bound(kind, any)
        let there = try bound(kind, any)
        let address = try ListeningSocket.localAddress(of: here.raw)
        #expect(try MessageSocket.send(kind, there.raw, Array(repeating: 7, count: 50), to: address))
        let (arrival, bytes) = try #require(try receive(here.raw, room: 20))
        #expect(arrival.length == 50)
        #expect(bytes == Array(repeating: 7, count: 20))
        #expect(try receive(here.raw) == nil)
    }

    @Test func `an empty message differs from EOF`() throws {
        var ends: [CInt] = [-1, -1]
        try #require(
            socketpair(
                AF_UNIX, CInt(SOCK_SEQPACKET.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        let here = OwnedDescriptor(adopting: ends[0])
        do {
            let there = OwnedDescriptor(adopting: ends[1])
            try MessageSocket.requestCredentials(here.raw)
            #expect(try MessageSocket.send(.unixSeqpacket, there.raw, []))
        }
        let message = try #require(try receive(here.raw))
        #expect(message.0.length == 0 && message.0.hasControl)
        let end = try #require(try receive(here.raw))
        #expect(end.0.length == 0 && !end.0.hasControl)
    }

    @Test func `EMSGSIZE and ECONNREFUSED are reported`() throws {
        let here = try bound(.udp, .ipv4(.loopback, port: 0))
        let address = try ListeningSocket.localAddress(of: here.raw)
        let tooLong = #expect(throws: SystemError.self) {
            try MessageSocket.send(.udp, here.raw, Array(repeating: 0, count: 70_000), to: address)
        }
        #expect(tooLong?.errno == EMSGSIZE)
        let nobody = #expect(throws: SystemError.self) {
            try MessageSocket.send(.udp, here.raw, [1])
        }
        #expect(nobody?.errno == EDESTADDRREQ)
    }

    @Test func `datagrams to a joined group are received`() throws {
        let loopback = try #require(NameService.interface(named: "lo"))
        let group = IPv4Address(0xef01_0203)
        let here = try SocketKind.udp.makeSocket(for: .ipv4(group, port: 0))
        try MessageSocket.reuseAddress(here.raw)
        try MessageSocket.bind(here.raw, to: .ipv4(group, port: 0))
        try MessageSocket.join(here.raw, group: .ipv4(group, port: 0), interface: loopback)
        let address = try ListeningSocket.localAddress(of: here.raw)
        let there = try SocketKind.udp.makeSocket(for: address)
        try MessageSocket.setMulticastInterface(there.raw, loopback, for: address)
        #expect(try MessageSocket.send(.udp, there.raw, [9], to: address))
        #expect(try receive(here.raw)?.1 == [9])
    }
}
