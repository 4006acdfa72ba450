// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records
import TOML
import TestSupport
import Testing

@testable import Services

/// Checks of an upstream that is named, on one lane, with what its name leads to in the hands of the test.
@Suite struct HealthProbeTests {
    /// A listener whose only upstream is down until a check succeeds, which is begun at once.
    private struct Scene {
        let harness: LaneHarness
        let group: UpstreamGroup

        init(_ scheme: String, _ addresses: [SocketAddress], _ health: HealthSettings) throws {
            harness = try LaneHarness()
            let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
            var settings = ForwardSettings(upstreams: [
                UpstreamSettings(endpoint: try Endpoint(parsing: "\(scheme)://name.example:1"), origin: origin)
            ])
            settings.health = health
            var names = NameResolution.Source()
            names.addresses = { (_, _) throws(NameLookupFailure) in addresses }
            names.timeToLive = { _ in nil }
            let group = UpstreamGroup(
                settings, label: ListenerLabel(name: "test", service: "forward"), following: nil, names: names)
            self.group = group
            _ = group.members[0].upstream.checkFailed(.timedOut, at: Clock.monotonic)
            try harness.listen([scheme == "udp" ? .udp : .tcp]) { ForwardService(group) }
        }

        /// Lets the check go on until the upstream is up.
        func isUp(_ turn: () -> Void = {}) -> Bool {
            harness.run(until: {
                turn()
                return group.members[0].upstream.isAvailable(at: Clock.monotonic)
            })
        }
    }

    /// So long that one check is all that there is.
    private static func once(_ send: String? = nil, _ expect: String? = nil) -> HealthSettings {
        HealthSettings(
            interval: .seconds(3600), timeout: .seconds(60), rise: 1, fall: 1, send: send.map { Array($0.utf8) },
            expect: expect.map { Array($0.utf8) })
    }

    private func listener() throws -> ListeningSocket {
        try ListeningSocket(
            kind: .tcp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions())
    }

    /// An address where nobody listens.
    private func dead() throws -> SocketAddress { try listener().address }

    @Test func `a check of a stream tries the next address when one refuses`() throws {
        let server = try listener()
        let scene = try Scene("tcp", [try dead(), server.address], Self.once())
        #expect(scene.isUp())
    }

    @Test func `a check of a stream fails when every address refuses`() throws {
        let scene = try Scene("tcp", [try dead(), try dead()], Self.once())
        scene.harness.run(until: { false }, idleTurns: 50)
        #expect(!scene.group.members[0].upstream.isAvailable(at: Clock.monotonic))
    }

    // The upstream is a plain socket of the test.
    @Test(.plainUpstream) func `a check sends all its bytes, and reads an answer in any pieces`()
        throws
    {
        let server = try listener()
        let question = String(repeating: "?", count: 8 << 20)
        let scene = try Scene("tcp", [server.address], Self.once(question, "!"))
        var peer: TestPeer?
        let isUp = scene.isUp {
            if peer == nil, let socket = try? server.accept() {
                peer = TestPeer(adopting: dup(socket.descriptor.raw), kind: .tcp)
                // More pieces than a turn reads.
                peer?.writeLength = 1
                peer.map(scene.harness.add)
            }
            guard let peer, peer.received.count == question.utf8.count else { return }
            peer.forget()
            peer.write(String(repeating: ".", count: 40) + "!")
        }
        #expect(isUp)
    }

    /// Answers each question at a socket.
    private func answer(_ peer: DatagramPeer) {
        guard let question = peer.receiveWithSource() else { return }
        _ = ServerAddress(.ip(host: "127.0.0.1", port: question.port)).withKernelAddress {
            sendto(peer.raw, [UInt8(ascii: "!")], 1, 0, $0, $1)
        }
    }

    @Test func `a check of datagrams uses the address that answers`() throws {
        let (silent, upstream) = (try DatagramPeer(), try DatagramPeer())
        let refusing = SocketAddress.ipv4(.loopback, port: try DatagramPeer().port)
        let addresses = [refusing, .ipv4(.loopback, port: silent.port), .ipv4(.loopback, port: upstream.port)]
        let scene = try Scene("udp", addresses, Self.once("?", "!"))
        #expect(scene.isUp { answer(upstream) })
        #expect(silent.texts() == ["?"], "it was asked once")
    }
}
