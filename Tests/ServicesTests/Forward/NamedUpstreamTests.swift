// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Dispatch
import Glibc
import LinuxSystem
import Reactor
import Records
import Synchronization
import TOML
import TestSupport
import Testing

@testable import Services

/// Upstreams that are named, on one lane, with what their names lead to in the hands of the test.
@Suite struct NamedUpstreamTests {
    /// What a name leads to.
    private final class Names: Sendable {
        private struct State {
            var answer: Result<[SocketAddress], NameLookupFailure>
            var lookups = 0
            var isHeld = false
        }

        private let state: Mutex<State>

        init(_ addresses: [SocketAddress]) { state = Mutex(State(answer: .success(addresses))) }

        var source: NameResolution.Source {
            var source = NameResolution.Source()
            source.addresses = { (_, _) throws(NameLookupFailure) in
                self.state.withLock { $0.lookups += 1 }
                while self.state.withLock({ $0.isHeld }) { usleep(500) }
                return try self.state.withLock(\.answer).get()
            }
            source.timeToLive = { _ in 0 }
            return source
        }

        var lookups: Int { state.withLock { $0.lookups } }
        func answer(_ addresses: [SocketAddress]) { state.withLock { $0.answer = .success(addresses) } }
        func fail(_ reason: String) { state.withLock { $0.answer = .failure(NameLookupFailure(reason: reason)) } }
        func hold(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }
    }

    /// A listener that relays to `name.example`.
    private struct Scene: LaneScene {
        let harness: LaneHarness
        let socket: ListeningSocket

        init(
            _ kind: SocketKind, _ scheme: String, _ names: Names, _ change: (inout ForwardSettings) -> Void = { _ in }
        ) throws {
            let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
            var settings = ForwardSettings(upstreams: [
                UpstreamSettings(endpoint: try Endpoint(parsing: "\(scheme)://name.example:1"), origin: origin)
            ])
            change(&settings)
            let group = UpstreamGroup(
                settings, label: ListenerLabel(name: "test", service: "forward"), following: nil, names: names.source)
            harness = try LaneHarness()
            socket = try harness.listen([kind]) { ForwardService(group) }[0]
        }

        /// Sends a datagram from a client of its own, and waits for what each of the upstreams got.
        func flow(_ texts: [String]) throws -> DatagramPeer {
            let client = try DatagramPeer("127.0.0.1")
            for text in texts { try client.send(text, to: socket) }
            return client
        }

        func end() throws -> [CapturedRecord] {
            harness.lane.stop(nil, because: .stopped, by: .daemon)
            #expect(harness.connections == 0)
            return try records("close")
        }
    }

    private static func address(_ peer: DatagramPeer) -> SocketAddress { .ipv4(.loopback, port: peer.port) }

    /// An address of which nobody takes datagrams.
    private static func dead() throws -> SocketAddress { address(try DatagramPeer()) }

    /// Answers the datagram that came last.
    private func answer(_ text: String, at upstream: DatagramPeer, _ scene: Scene) throws {
        var found: (bytes: [UInt8], host: String, port: UInt16)?
        scene.harness.run(until: {
            found = upstream.receiveWithSource() ?? found
            return found != nil
        })
        let port = try #require(found).port
        let bytes = Array(text.utf8)
        _ = ServerAddress(.ip(host: "127.0.0.1", port: port)).withKernelAddress {
            sendto(upstream.raw, bytes, bytes.count, 0, $0, $1)
        }
    }

    // MARK: - Flows

    @Test func `a flow replaces a refusing address, and the next flow starts with the other`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(.udp, "udp", Names([try Self.dead(), Self.address(upstream)]))
        let sent = (0..<5).map { "datagram \($0)" }
        let client = try scene.flow(sent)
        #expect(scene.arrivals(at: upstream, 5) == sent)
        let other = try scene.flow(["of another flow"])
        #expect(scene.arrivals(at: upstream, 1) == ["of another flow"])
        let ends = try scene.end()
        #expect(ends.map { $0["failures"] != nil } == [false, false], "the upstream itself has not failed")
        #expect(try scene.records("upstream-down").isEmpty)
        _ = (client, other)
    }

    @Test func `a flow replaces a silent address, and later flows avoid it`() throws {
        let (silent, upstream) = (try DatagramPeer(), try DatagramPeer())
        let scene = try Scene(.udp, "udp", Names([Self.address(silent), Self.address(upstream)]))
        let client = try scene.flow(["question"])
        #expect(scene.arrivals(at: silent, 1) == ["question"])
        try answer("answer", at: upstream, scene)
        var texts: [String] = []
        scene.harness.run(until: {
            texts += client.texts()
            return !texts.isEmpty
        })
        #expect(texts == ["answer"])
        let other = try scene.flow(["another"])
        #expect(scene.arrivals(at: upstream, 1) == ["another"])
        #expect(silent.texts().isEmpty)
        _ = (try scene.end(), other)
    }

    @Test func `without any answer, the first address gets each datagram once`() throws {
        let (first, second) = (try DatagramPeer(), try DatagramPeer())
        let scene = try Scene(.udp, "udp", Names([Self.address(first), Self.address(second)]))
        let client = try scene.flow(["one", "two"])
        #expect(scene.arrivals(at: first, 2) == ["one", "two"])
        #expect(scene.arrivals(at: second, 2) == ["one", "two"])
        try client.send("three", to: scene.socket)
        #expect(scene.arrivals(at: second, 1) == ["three"])
        #expect(scene.arrivals(at: first, 1) == ["three"])
        try client.send("four", to: scene.socket)
        #expect(scene.arrivals(at: first, 1) == ["four"])
        // Silence is how it is here, so later flows stay where they begin.
        let other = try scene.flow(["five"])
        #expect(scene.arrivals(at: first, 1) == ["five"])
        scene.harness.run(until: { false }, idleTurns: 1200)
        #expect(second.texts().isEmpty)
        #expect(try scene.records("upstream-down").isEmpty)
        _ = (try scene.end(), other)
    }

    @Test func `a flow whose addresses all refuse logs each failure`() throws {
        let (one, two) = (try Self.dead(), try Self.dead())
        let scene = try Scene(.udp, "udp", Names([one, two]))
        let client = try scene.flow(["question"])
        #expect(scene.harness.run(until: { (try? !scene.records("close").isEmpty) == true }, idleTurns: 300))
        let close = try #require(try scene.records("close").first)
        #expect(close["reason"] == "connect-failed" && close["by"] == "upstream")
        for address in [one, two] { #expect(close["failures"]?.contains("udp://\(address)") == true) }
        #expect(close.number("datagrams_dropped") == 1)
        _ = client
    }

    @Test func `a flow waits for the look-up of its name`() throws {
        let upstream = try DatagramPeer()
        let names = Names([Self.address(upstream)])
        names.fail("no answer")
        let scene = try Scene(.udp, "udp", names) { $0.connectTimeout = .seconds(3600) }
        let client = try scene.flow(["early"])
        #expect(scene.harness.run(until: { (try? !scene.records("warning").isEmpty) == true }, idleTurns: 300))
        names.answer([Self.address(upstream)])
        #expect(scene.arrivals(at: upstream, 1) == ["early"])
        #expect(scene.harness.run(until: { (try? !scene.records("recovered").isEmpty) == true }, idleTurns: 300))
        #expect(try scene.records("warning").count == 1)
        _ = (client, try scene.end())
    }

    @Test func `a look-up that times out ends the flow and does not count against the upstream`() throws {
        let names = Names([])
        names.fail("no answer from anybody")
        let scene = try Scene(.udp, "udp", names) { $0.connectTimeout = .milliseconds(50) }
        for _ in 0..<4 {
            let before = try scene.records("close").count
            let client = try scene.flow(["question"])
            #expect(
                scene.harness.run(until: { (try? scene.records("close").count) ?? 0 > before }, idleTurns: 300))
            _ = client
        }
        let ends = try scene.records("close")
        #expect(ends.allSatisfy { $0["reason"] == "connect-failed" && $0["by"] == "daemon" })
        #expect(ends.last?["failures"]?.contains(":1: does not resolve: no answer from anybody") == true)
        #expect(try scene.records("upstream-down").isEmpty)
    }

    @Test func `a missing interface is not reported as an unresolved name`() throws {
        let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
        let endpoint = try Endpoint(parsing: "udp://[fe80::1%usher-none]:9")
        var settings = ForwardSettings(upstreams: [UpstreamSettings(endpoint: endpoint, origin: origin)])
        settings.connectTimeout = .milliseconds(20)
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: ServiceSettings.forward(settings).factory)[0]
        let client = try DatagramPeer("127.0.0.1")
        try client.send("question", to: socket)
        var ends: [CapturedRecord] = []
        harness.run(until: {
            ends = (try? harness.capturedRecords().filter { $0.event == "close" }) ?? []
            return !ends.isEmpty
        })
        #expect(ends.first?["failures"] == "\(endpoint): this host has no interface usher-none")
    }

    // MARK: - Framed relays

    private func framed(_ names: Names) throws -> (scene: Scene, client: TestPeer) {
        let scene = try Scene(.tcp, "udp", names) { $0.framing = .lines }
        return (scene, try scene.harness.connect(to: scene.socket))
    }

    @Test func `a framed relay replaces a refusing address`() throws {
        let upstream = try DatagramPeer()
        let (scene, client) = try framed(Names([try Self.dead(), Self.address(upstream)]))
        client.write("one\ntwo\n")
        #expect(scene.arrivals(at: upstream, 2) == ["one", "two"])
        client.write("three\n")
        #expect(scene.arrivals(at: upstream, 1) == ["three"])
        #expect(try scene.records("upstream-down").isEmpty)
        _ = try scene.end()
    }

    @Test func `a framed relay replaces a silent address and resends`() throws {
        let (silent, upstream) = (try DatagramPeer(), try DatagramPeer())
        let (scene, client) = try framed(Names([Self.address(silent), Self.address(upstream)]))
        client.write("question\n")
        #expect(scene.arrivals(at: silent, 1) == ["question"])
        try answer("answer", at: upstream, scene)
        #expect(scene.harness.run(until: { client.text == "answer\n" }))
        _ = try scene.end()
    }

    @Test func `without any answer, the first address of a framed relay gets each message once`() throws {
        let (first, second) = (try DatagramPeer(), try DatagramPeer())
        let (scene, client) = try framed(Names([Self.address(first), Self.address(second)]))
        client.write("one\n")
        #expect(scene.arrivals(at: first, 1) == ["one"])
        #expect(scene.arrivals(at: second, 1) == ["one"])
        client.write("two\n")
        #expect(scene.arrivals(at: second, 1) == ["two"])
        #expect(scene.arrivals(at: first, 1) == ["two"])
        client.write("three\n")
        #expect(scene.arrivals(at: first, 1) == ["three"])
        #expect(second.texts().isEmpty)
        _ = try scene.end()
    }

    // MARK: - Streams

    /// The second address is tried while the first lacks a descriptor.
    @Test(.sameOnBothSides) func `after EMFILE an address is retried when the next one refuses`() throws {
        let dead = try ListeningSocket(
            kind: .tcp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions()
        ).address
        let server = try LaneHarness()
        let echo = try server.listen(service: ServiceSettings.echo.factory)[0]
        let scene = try Scene(.tcp, "tcp", Names([echo.address, dead])) { $0.connectTimeout = .seconds(3600) }
        let client = try scene.harness.connect(to: scene.socket)
        client.write("question")
        // At once and after 10, 30, 70 and 150 ms. The next address follows after 250 ms.
        var lacks = 0
        #expect(
            scene.harness.run(until: {
                while lacks < 5 {
                    let isReached = FaultInjection.failing(call: 1, with: EMFILE, of: "socket") {
                        scene.harness.run(turns: 1)
                    }
                    if isReached { lacks += 1 }
                }
                server.run(turns: 1)
                return client.text == "question"
            }))
        client.close()
        _ = try scene.end()
        #expect(try scene.records("upstream-down").isEmpty)
    }

    @Test func `a hanging look-up delays no connection once the name is known`() throws {
        let server = try DatagramPeer()
        let names = Names([Self.address(server)])
        let scene = try Scene(.udp, "udp", names)
        let client = try scene.flow(["first"])
        #expect(scene.arrivals(at: server, 1) == ["first"])
        names.hold(true)
        defer { names.hold(false) }
        // The answer is good for a second; from then on it is looked up again, in vain.
        var clients = [client]
        var count = 0
        #expect(
            scene.harness.run(
                until: {
                    // Each flow has two descriptors, and the name is looked up after 0.8 s.
                    usleep(20_000)
                    if let next = try? scene.flow(["more"]) { clients.append(next) }
                    count += scene.arrivals(at: server, 1).count
                    return names.lookups > 1
                }, idleTurns: 100_000))
        #expect(count == clients.count - 1)
        let last = try scene.flow(["last"])
        #expect(scene.arrivals(at: server, 1) == ["last"])
        names.hold(false)
        _ = (try scene.end(), last)
    }
}
