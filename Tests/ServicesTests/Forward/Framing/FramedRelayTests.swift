// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import TOML
import TestSupport
import Testing

@testable import Relaying
@testable import Services

/// Framed relays on one lane, with their upstreams in the hands of the test.
@Suite struct FramedRelayTests {
    /// A listener that frames lines, and its upstreams.
    private struct Scene: LaneScene {
        let harness: LaneHarness
        let socket: ListeningSocket

        init(
            _ kind: SocketKind = .tcp, to upstreams: [String], _ change: (inout ForwardSettings) -> Void = { _ in }
        ) throws {
            let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
            var settings = ForwardSettings(
                upstreams: try upstreams.map { UpstreamSettings(endpoint: try Endpoint(parsing: $0), origin: origin) },
                balance: .first)
            settings.framing = .lines
            change(&settings)
            harness = try LaneHarness()
            socket = try harness.listen([kind], service: ServiceSettings.forward(settings).factory)[0]
        }

        /// The sockets to the upstreams of all connections.
        var upstreamSockets: [CInt] {
            harness.lane.openSessions.compactMap { ($0 as? FramedSession)?.upstream?.stream.raw }
        }
    }

    private static func address(_ peer: DatagramPeer) -> String { "udp://127.0.0.1:\(peer.port)" }

    /// A client that has been answered once.
    private func answered(_ scene: Scene, by upstream: DatagramPeer) throws -> TestPeer {
        let client = try scene.harness.connect(to: scene.socket)
        client.write("one\n")
        var port: UInt16?
        scene.harness.run(until: {
            port = upstream.receiveWithSource()?.port
            return port != nil
        })
        upstream.send(Array("answer".utf8), toPort: try #require(port))
        #expect(scene.harness.run(until: { client.text == "answer\n" }))
        return client
    }

    @Test func `a dead upstream socket ends a connection that was answered`() throws {
        let (upstream, other) = (try DatagramPeer(), try DatagramPeer())
        let scene = try Scene(to: [Self.address(upstream), Self.address(other)])
        let client = try answered(scene, by: upstream)
        dissolve(try #require(scene.upstreamSockets.first))
        client.write("two\n")
        #expect(scene.harness.run(until: { scene.harness.connections == 0 }))
        let close = try #require(try scene.records("close").first)
        #expect(close.end == "error by daemon" && close["errno"] == "EDESTADDRREQ", "\(close)")
        #expect(close.number("datagrams_in") == 2 && close.number("datagrams_dropped") == 1)
        #expect(try scene.records("upstream-down").isEmpty)
        #expect(other.texts().isEmpty)
    }

    @Test func `a dead upstream socket is replaced before an answer`() throws {
        let (upstream, other) = (try DatagramPeer(), try DatagramPeer())
        let scene = try Scene(to: [Self.address(upstream), Self.address(other)]) {
            $0.eject = EjectionSettings(failures: 1)
        }
        let client = try scene.harness.connect(to: scene.socket)
        client.write("one\n")
        #expect(scene.arrivals(at: upstream, 1) == ["one"])
        dissolve(try #require(scene.upstreamSockets.first))
        client.write("two\n")
        #expect(scene.arrivals(at: other, 2) == ["one", "two"])
        #expect(try scene.records("upstream-down").isEmpty)
    }

    @Test(arguments: [false, true])
    func `a PROXY header precedes the first message, or each`(isForEach: Bool) throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: [Self.address(upstream)]) {
            $0.sendProxy = .v2
            $0.sendsProxyEach = isForEach
        }
        let client = try scene.harness.connect(to: scene.socket)
        client.write("one\ntwo\nthree\n")
        var arrived: [[UInt8]] = []
        scene.harness.run(until: {
            while let datagram = upstream.receive() { arrived.append(datagram) }
            return arrived.count >= 3
        })
        scene.harness.settle()
        #expect(upstream.receive() == nil && arrived.count == 3)
        let signature = Array("\r\n\r\n\0\r\nQUIT\n".utf8)
        #expect(arrived.map { $0.starts(with: signature) } == [true, isForEach, isForEach])
        for (datagram, text) in zip(arrived, ["one", "two", "three"]) {
            #expect(datagram.suffix(text.utf8.count).elementsEqual(text.utf8))
        }
    }

    @Test func `a client that reads late gets the queue, and dropped messages are counted`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: [Self.address(upstream)])
        let client = try scene.harness.connect(to: scene.socket, receiveBuffer: 4096)
        client.write("one\n")
        var port: UInt16?
        scene.harness.run(until: {
            port = upstream.receiveWithSource()?.port
            return port != nil
        })
        client.reads = false
        var sent = 0
        var isLost = false
        while !isLost {
            for _ in 0..<16 { upstream.send([UInt8](repeating: 0x78, count: 30_000), toPort: try #require(port)) }
            sent += 16
            scene.harness.settle()
            isLost = try scene.records("lost").isEmpty == false
        }
        // How many the kernel lost is told with the next one that comes.
        upstream.send([0x78], toPort: try #require(port))
        sent += 1
        scene.harness.settle()
        client.reads = true
        scene.harness.run(until: { client.lines.count > 4 })
        scene.harness.settle()
        client.finishWriting()
        client.close()
        #expect(scene.harness.run(until: { scene.harness.connections == 0 }, idleTurns: 10_000))
        let close = try #require(try scene.records("close").first)
        let (out, dropped) = (close.number("datagrams_out"), close.number("datagrams_dropped"))
        #expect(out == client.lines.count && out.map { sent - $0 } == dropped, "\(close)")
    }

    @Test func `a first answer that does not fit into the client's buffers arrives once it reads`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: [Self.address(upstream)])
        let client = try scene.harness.connect(to: scene.socket, receiveBuffer: 4096)
        client.reads = false
        client.write("one\n")
        var port: UInt16?
        scene.harness.run(until: {
            port = upstream.receiveWithSource()?.port
            return port != nil
        })
        let session = try #require(scene.harness.lane.openSessions.compactMap { $0 as? FramedSession }.first)
        var size: CInt = 4096
        setsockopt(session.client.raw, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        let line = [UInt8](repeating: 7, count: 60_000)
        upstream.send(line, toPort: try #require(port))
        scene.harness.run(turns: 20)
        client.reads = true
        #expect(scene.harness.run(until: { client.received.count == line.count + 1 }))
        #expect(client.received == line + [UInt8(ascii: "\n")])
    }

    @Test func `answers that the kernel dropped count as dropped, and are logged`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: [Self.address(upstream)])
        let client = try answered(scene, by: upstream)
        let raw = try #require(scene.upstreamSockets.first)
        var size: CInt = 4096
        setsockopt(raw, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        let port = try #require(try? ListeningSocket.localAddress(of: raw).port)
        let sent = 200
        for _ in 0..<sent { upstream.send([UInt8](repeating: 7, count: 1000), toPort: port) }
        scene.harness.run(turns: 100)
        // The next one says how many were dropped.
        upstream.send(Array("last".utf8), toPort: port)
        #expect(scene.harness.run(until: { client.text.hasSuffix("last\n") }))
        client.close()
        #expect(scene.harness.run(until: { scene.harness.connections == 0 }, idleTurns: 10_000))
        let close = try #require(try scene.records("close").first)
        let (out, dropped) = (close.number("datagrams_out") ?? 0, close.number("datagrams_dropped") ?? 0)
        #expect(dropped > 0 && out + dropped == sent + 2, "\(close)")
        let lost = try scene.records("lost").filter { $0["message"]?.contains("receive buffer full") == true }
        #expect(lost.reduce(0) { $0 + ($1.number("datagrams") ?? 0) } == dropped)
    }

    @Test func `a line that is too long ends the connection, and counts as dropped`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: [Self.address(upstream)])
        let client = try scene.harness.connect(to: scene.socket)
        client.write("before\n")
        #expect(scene.arrivals(at: upstream, 1) == ["before"])
        client.write([UInt8](repeating: 7, count: 65_508))
        #expect(scene.harness.run(until: { scene.harness.connections == 0 }))
        let close = try #require(try scene.records("close").first)
        #expect(close.end == "message-too-long by client" && close["errno"] == nil, "\(close)")
        #expect(close.number("datagrams_in") == 1 && close.number("datagrams_dropped") == 1)
    }

    @Test func `a message that UDP cannot carry ends the connection, and counts as dropped`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: [Self.address(upstream)]) { $0.framing = .length16 }
        let client = try scene.harness.connect(to: scene.socket)
        client.write([0, 1, 7])
        #expect(scene.arrivals(at: upstream, 1) == ["\u{7}"])
        client.write([0xff, 0xe4] + [UInt8](repeating: 7, count: 65_508))
        #expect(scene.harness.run(until: { scene.harness.connections == 0 }))
        let close = try #require(try scene.records("close").first)
        #expect(close.end == "message-too-long by client" && close["errno"] == "EMSGSIZE", "\(close)")
        #expect(close.number("datagrams_in") == 2 && close.number("datagrams_dropped") == 1)
    }

    @Test func `a missing route drops one message, with a record`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: [Self.address(upstream)])
        let client = try answered(scene, by: upstream)
        client.write("two\n")
        #expect(
            scene.harness.run(until: {
                FaultInjection.failing(call: 1, with: ENETUNREACH, of: "send") { scene.harness.run(turns: 1) }
            }))
        client.write("three\n")
        #expect(scene.arrivals(at: upstream, 1) == ["three"])
        #expect(try scene.records("warning").map { $0["lacks"] } == ["route"])
        #expect(scene.harness.connections == 1)
    }

    /// The upstream is ejected, and no answer or refusal shows that it is back.
    @Test func `a connection that ends by a shortage does not end an ejection`() throws {
        let port = try ReservedPort()
        let scene = try Scene(to: ["udp://127.0.0.1:\(port.address.port)"]) {
            $0.eject = EjectionSettings(failures: 1)
        }
        let refused = try scene.harness.connect(to: scene.socket)
        refused.write("one\n")
        #expect(scene.harness.run(until: { (try? scene.records("upstream-down").count) == 1 }))
        let upstream = try DatagramPeer(port: port.address.port)
        let client = try scene.harness.connect(to: scene.socket)
        client.write(String(repeating: "x\n", count: UnansweredMessages.mostMessages + 1))
        #expect(scene.arrivals(at: upstream, 17).count == 17)
        let begin = Clock.monotonic
        #expect(
            scene.harness.run(until: { Clock.monotonic - begin > Upstream.timeForRefusal }, idleTurns: 100_000))
        for raw in scene.upstreamSockets { dissolve(raw) }
        client.write("last\n")
        #expect(scene.harness.run(until: { scene.harness.connections == 0 }))
        #expect(try scene.records("close").last?.end == "error by daemon")
        #expect(try scene.records("upstream-up").isEmpty)
    }

    @Test func `datagrams from an address of this daemon are refused`() throws {
        let server = try LaneHarness()
        let upstream = try server.listen(service: ServiceSettings.echo.factory)[0]
        let scene = try Scene(.udp, to: ["tcp://\(upstream.address)"])
        let own = try scene.harness.listen([.udp], service: ServiceSettings.echo.factory)[0]
        let outbox = DatagramOutbox()
        outbox.append(Array("forged".utf8).span.bytes, to: .ipv4(.loopback, port: scene.socket.address.port ?? 0))
        outbox.flush(to: own.raw) { _, result in #expect(result.datagrams == 1) }
        #expect(scene.harness.run(until: { (try? scene.records("refused").count) == 1 }))
        #expect(scene.harness.connections == 0)
        #expect(try scene.records("open").isEmpty)
    }
}
