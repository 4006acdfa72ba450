// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import TestSupport
import Testing

@testable import Services

@Suite struct AnsweringFlowTests {
    private static let local = SocketAddress.ipv4(IPv4Address(0xc000_0201), port: 7007)
    private static let other = IPv4Address(0xc633_6401)

    @Test(arguments: [0, 7, 11, 13, 17, 19, 37, 53, 69, 111, 123, 137, 138, 161, 389, 500, 520] as [UInt16])
    func `a datagram from the port of an answering service is not answered`(port: UInt16) {
        let ip6 = IPv6Address(high: 0x2001_0db8 << 32, low: 1)
        #expect(!AnsweringFlow.mayAnswer(.ipv4(Self.other, port: port), at: Self.local, isBroadcastOrMulticast: false))
        #expect(
            !AnsweringFlow.mayAnswer(.ipv6(ip6, port: port, scope: 0), at: Self.local, isBroadcastOrMulticast: false))
    }

    @Test(arguments: [
        // Other ports, also below 1024, where who has privileges sends from.
        (SocketAddress.ipv4(other, port: 40000), false, true), (.ipv4(other, port: 1023), false, true),
        (.ipv4(other, port: 22), false, true), (.ipv4(.loopback, port: 1024), false, true),
        // The port of the service itself.
        (.ipv4(other, port: 7007), false, false), (local, false, false), (.ipv4(.loopback, port: 7007), false, false),
        // To all on the link or in a group, of whom each would answer.
        (.ipv4(other, port: 40000), true, false),
        // From nobody in particular.
        (.ipv4(.broadcast, port: 40000), false, false), (.ipv4(IPv4Address(0xe000_0001), port: 40000), false, false),
        (.ipv6(IPv6Address(high: 0xff02 << 48, low: 1), port: 40000, scope: 2), false, false),
        // Unix sockets: those that have a name.
        (.abstract(name: [1]), false, true), (.unix(path: [0x2f, 0x61]), false, true), (.unnamed, false, false),
    ])
    func `a datagram whose source may be forged is not answered`(
        peer: SocketAddress, isBroadcastOrMulticast: Bool, isAnswered: Bool
    ) {
        #expect(
            AnsweringFlow.mayAnswer(peer, at: Self.local, isBroadcastOrMulticast: isBroadcastOrMulticast) == isAnswered)
    }

    @Test func `a datagram from another socket of this daemon is not answered`() throws {
        let harness = try LaneHarness()
        let first = try harness.listen([.udp], service: ServiceSettings.echo.factory)[0]
        let second = try harness.listen([.udp], service: ServiceSettings.echo.factory)[0]
        // As one who forges the source of a datagram would begin it.
        let address = SocketAddress.ipv4(.loopback, port: second.address.port ?? 0)
        #expect(harness.lane.isOwnPort(address))
        #expect(harness.lane.isOwnPort(first.address))
        #expect(!harness.lane.isOwnPort(.ipv4(.loopback, port: 1)))
        let outbox = DatagramOutbox()
        outbox.append(Array("loop".utf8).span.bytes, to: address)
        outbox.flush(to: first.raw) { _, result in #expect(result.datagrams == 1) }
        harness.run(until: { false }, idleTurns: 50)
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let records = try harness.capturedRecords()
        let closed = records.filter { $0.event == "close" }
        #expect(closed.count == 1, "the first one got no answer that it could have answered")
        #expect(closed.first?.number("datagrams_in") == 1)
        #expect(closed.first?.number("datagrams_out") == 0)
        #expect(closed.first?.number("datagrams_dropped") == 1)
        #expect(records.filter { $0.event == "lost" }.compactMap { $0.number("datagrams") } == [1])
        #expect(!harness.lane.isOwnPort(address), "nobody listens there any more")
    }

    @Test func `segments of a coalesced datagram are limited one by one`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: ServiceSettings.echo.factory)[0]
        let peer = try DatagramPeer()
        var answers: [[UInt8]] = []
        func ask(_ bytes: [UInt8], _ wanted: Int) throws {
            try peer.send(bytes, segment: 10, to: socket)
            var count = 0
            harness.run(
                until: {
                    while let answer = peer.receive() {
                        answers.append(answer)
                        count += 1
                    }
                    return count == wanted
                }, idleTurns: 20)
        }
        // Blocks of all lengths, of which none equals the one before it.
        var sent = 0
        while sent < 4000, answers.count == sent {
            let count = 1 + sent % 49
            sent += count
            try ask([UInt8](repeating: 7, count: 10 * count), count)
        }
        #expect(answers.count >= 1000 && answers.count < 3000, "\(answers.count) of \(sent)")
        answers = []
        for _ in 0..<20 { try ask([UInt8](repeating: 7, count: 490), 49) }
        #expect(answers.count < 490, "\(answers.count)")
        // What differs is answered, though it comes with others.
        answers = []
        try ask([UInt8](repeating: 7, count: 400) + [UInt8](repeating: 8, count: 10), 41)
        #expect(answers.last == [UInt8](repeating: 8, count: 10))
    }

    @Test func `a wildcard socket is recognized at each address`() throws {
        let harness = try LaneHarness()
        let socket = try ListeningSocket(
            kind: .udp, address: .ipv6(.any, port: 0, scope: 0), dualStack: true, options: ListeningOptions())
        harness.lane.open(
            ListenerInForce(7, sharesOneLane: true, makeService: ServiceSettings.echo.factory), sockets: [socket])
        let port = try #require(socket.address.port)
        #expect(harness.lane.isOwnPort(.ipv4(IPv4Address(0x7f00_0009), port: port)))
        #expect(harness.lane.isOwnPort(.ipv6(.loopback, port: port, scope: 0)))
        #expect(!harness.lane.isOwnPort(.ipv4(.loopback, port: port ^ 1)))
        // TEST-NET-2 of RFC 5737: nobody has such an address.
        #expect(!harness.lane.isOwnPort(.ipv4(Self.other, port: port)))
    }

    @Test func `a datagram from an unbound Unix socket is counted and not answered`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.unixDatagram], service: ServiceSettings.echo.factory)[0]
        try DatagramPeer(nil, isNamed: false).send("x", to: socket)
        harness.run(until: { false }, idleTurns: 20)
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let close = try harness.capturedRecords().first { $0.event == "close" }
        #expect(close?["peer"] == "unix-dgram://")
        #expect(close?.number("datagrams_dropped") == 1)
    }
}
