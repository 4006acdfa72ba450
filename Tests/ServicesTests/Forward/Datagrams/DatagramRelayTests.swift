// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import TOML
import TestSupport
import Testing

@testable import Services

/// Flows that are relayed, on one lane, with every end of them in the hands of the test.
@Suite struct DatagramRelayTests {
    /// A relay and one client.
    private struct Scene: LaneScene {
        let harness: LaneHarness
        let socket: ListeningSocket
        let client: DatagramPeer

        init(
            _ kind: SocketKind = .udp, to upstreams: [String], _ change: (inout ForwardSettings) -> Void = { _ in }
        ) throws {
            let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
            var settings = ForwardSettings(
                upstreams: try upstreams.map { UpstreamSettings(endpoint: try Endpoint(parsing: $0), origin: origin) },
                balance: .first)
            change(&settings)
            harness = try LaneHarness()
            socket = try harness.listen([kind], service: ServiceSettings.forward(settings).factory)[0]
            client = try DatagramPeer(kind == .udp ? "127.0.0.1" : nil)
        }

        func ask(_ text: String) throws { try client.send(text, to: socket) }

        /// Waits for a datagram at the upstream and where it comes from.
        func arrival(at upstream: DatagramPeer) throws -> (text: String, port: UInt16) {
            var found: (bytes: [UInt8], host: String, port: UInt16)?
            harness.run(until: {
                found = upstream.receiveWithSource()
                return found != nil
            })
            let arrived = try #require(found)
            return (String(decoding: arrived.bytes, as: UTF8.self), arrived.port)
        }

        /// What the client is answered.
        func answers(_ count: Int) -> [String] { arrivals(at: client, count) }

        /// Ends all, and returns the records of the flows' ends.
        func closed() throws -> [CapturedRecord] {
            harness.lane.stop(nil, because: .stopped, by: .daemon)
            #expect(harness.connections == 0)
            return try records("close")
        }
    }

    /// A port of which nobody takes datagrams.
    private static func deadAddress() throws -> String { "udp://127.0.0.1:\(try DatagramPeer().port)" }

    private static func send(_ text: String, from peer: DatagramPeer, to port: UInt16) {
        let bytes = Array(text.utf8)
        _ = ServerAddress(.ip(host: "127.0.0.1", port: port)).withKernelAddress {
            sendto(peer.raw, bytes, bytes.count, 0, $0, $1)
        }
    }

    @Test func `answers that the kernel dropped count as dropped`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: ["udp://127.0.0.1:\(upstream.port)"])
        try scene.ask("question")
        let port = try scene.arrival(at: upstream).port
        let bytes = [UInt8](repeating: 7, count: 1000)
        let sent = 2000
        for _ in 0..<sent { upstream.send(bytes, toPort: port) }
        scene.harness.run(turns: 100)
        // How many were lost is told with the next one that comes.
        upstream.send(bytes, toPort: port)
        scene.harness.settle()
        let close = try #require(try scene.closed().first)
        let passed = try #require(close.number("datagrams_out"))
        #expect(passed < sent + 1 && close.number("datagrams_dropped") == sent + 1 - passed, "\(close)")
    }

    @Test func `datagrams and answers are relayed and counted`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: ["udp://127.0.0.1:\(upstream.port)"])
        var ports: Set<UInt16> = []
        for text in ["one", "", "three"] {
            try scene.ask(text)
            let (question, port) = try scene.arrival(at: upstream)
            #expect(question == text)
            ports.insert(port)
            Self.send("answer to \(text)", from: upstream, to: port)
            #expect(scene.answers(1) == ["answer to \(text)"])
        }
        #expect(ports.count == 1, "a flow has one socket")
        let close = try #require(try scene.closed().first)
        #expect(close.number("datagrams_in") == 3 && close.number("datagrams_out") == 3)
        #expect(close.number("bytes_in") == 8 && close.number("bytes_out") == 38)
        #expect(close.number("datagrams_dropped") == 0 && close.number("attempts") == 1)
        #expect(close["upstream"] == "udp://127.0.0.1:\(upstream.port)")
    }

    @Test func `a datagram from an upstream's address is refused`() throws {
        let (upstream, other) = (try DatagramPeer(), try DatagramPeer())
        let scene = try Scene(to: ["udp://127.0.0.1:\(upstream.port)", "udp://127.0.0.1:\(other.port)"])
        // As if somebody had forged them.
        for peer in [upstream, other] { try peer.send("forged", to: scene.socket) }
        scene.harness.settle()
        #expect(upstream.texts() == [] && other.texts() == [])
        #expect(scene.harness.connections == 0)
        let refused = try scene.records("refused")
        #expect(refused.first?["message"]?.contains("source is an upstream") == true)
        #expect(refused.first?["rule"] == "listener.to")
        try scene.ask("asked")
        #expect(try scene.arrival(at: upstream).text == "asked")
    }

    @Test func `a datagram from an upstream's newly resolved address is not relayed`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: ["udp://localhost:\(upstream.port)"]) { _ in }
        try upstream.send("forged", to: scene.socket)
        scene.harness.settle()
        #expect(upstream.texts() == [])
    }

    @Test func `a datagram from a listening socket of the daemon is refused`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: ["udp://127.0.0.1:\(upstream.port)"])
        let own = try scene.harness.listen([.udp], service: ServiceSettings.echo.factory)[0]
        var kernelAddress = sockaddr_in()
        kernelAddress.sin_family = sa_family_t(AF_INET)
        kernelAddress.sin_port = (scene.socket.address.port ?? 0).bigEndian
        kernelAddress.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let sent = withUnsafePointer(to: kernelAddress) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(own.raw, "forged", 6, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(sent == 6)
        scene.harness.settle()
        #expect(upstream.texts() == [])
        #expect(try scene.records("refused").count == 1)
    }

    @Test func `an upstream that refuses before an answer is replaced, and the next gets each once`() throws {
        let (dead, upstream) = (try Self.deadAddress(), try DatagramPeer())
        let scene = try Scene(to: [dead, "udp://127.0.0.1:\(upstream.port)"])
        let sent = (0..<10).map { "datagram \($0)" }
        for text in sent { try scene.ask(text) }
        var arrived: [String] = []
        scene.harness.run(
            until: {
                arrived += upstream.texts()
                return false
            }, idleTurns: 30)
        #expect(arrived == sent)
        let close = try #require(try scene.closed().first)
        #expect(close.number("attempts") == 2 && close.number("datagrams_dropped") == 0)
        #expect(close["failures"]?.contains("ECONNREFUSED") == true)
    }

    @Test func `a refusal after an answer ends the flow`() throws {
        var upstream: DatagramPeer? = try DatagramPeer()
        let other = try DatagramPeer()
        let port = try #require(upstream).port
        let scene = try Scene(to: ["udp://127.0.0.1:\(port)", "udp://127.0.0.1:\(other.port)"])
        try scene.ask("one")
        let arrival = try scene.arrival(at: try #require(upstream))
        Self.send("answer", from: try #require(upstream), to: arrival.port)
        #expect(scene.answers(1) == ["answer"])
        upstream = nil
        try scene.ask("two")
        #expect(scene.harness.run(until: { scene.harness.connections == 0 }))
        let close = try #require(try scene.closed().first)
        #expect(close.end == "reset-by-upstream by upstream")
        #expect(close.number("datagrams_dropped") == 1)
        #expect(other.texts().isEmpty, "what the first one knows of the flow, the second does not")
    }

    @Test func `without an upstream the flow ends, and its datagrams are logged`() throws {
        let scene = try Scene(to: ["unix-dgram://@usher-nobody-\(getpid())"])
        try scene.ask("one")
        #expect(scene.harness.run(until: { (try? scene.records("lost").isEmpty) == false }))
        let close = try #require(try scene.closed().first)
        #expect(close.end == "connect-failed by upstream")
        #expect(try scene.records("lost").compactMap { $0.number("datagrams") } == [1])
    }

    /// It is ejected, but there is no other: so the first flow after its return is served.
    @Test func `each flow tries the only upstream, even if it is ejected`() throws {
        let scene = try Scene(to: ["unix-dgram://@usher-nobody-\(getpid())"])
        for number in 1...5 {
            try scene.ask("\(number)")
            scene.harness.run(turns: 3)
        }
        #expect(scene.harness.run(until: { (try? scene.closed().count) == 5 }))
        #expect(try scene.records("upstream-down").count == 1)
        #expect(try scene.records("refused").isEmpty)
    }

    @Test func `EMSGSIZE drops one datagram, with a record`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(.unixDatagram, to: ["udp://127.0.0.1:\(upstream.port)"])
        try scene.client.send([UInt8](repeating: 1, count: 65_520), to: scene.socket)
        try scene.ask("short")
        #expect(try scene.arrival(at: upstream).text == "short")
        let close = try #require(try scene.closed().first)
        #expect(close.number("datagrams_in") == 2 && close.number("datagrams_dropped") == 1)
        let lost = try #require(try scene.records("lost").first)
        #expect(lost["errno"] == "EMSGSIZE" && lost["message"]?.contains("upstream") == true)
    }

    @Test func `datagrams without room at the upstream are counted and logged`() throws {
        let upstream = try DatagramPeer(nil)
        let address = try ListeningSocket.localAddress(of: upstream.raw)
        let scene = try Scene(to: ["unix-dgram://\(address)"])
        // A Unix socket holds net.unix.max_dgram_qlen of them.
        var sent = 0
        while try scene.records("lost").isEmpty, sent < 5000 {
            for _ in 0..<10 { try scene.ask("datagram") }
            sent += 10
            scene.harness.run(turns: 2)
        }
        scene.harness.settle()
        let arrived = upstream.texts().count
        let close = try #require(try scene.closed().first)
        #expect(close.number("datagrams_in") == sent)
        #expect(arrived > 0 && close.number("datagrams_dropped") == sent - arrived)
        let lost = try scene.records("lost")
        #expect(lost.allSatisfy { $0["errno"] == "EAGAIN" })
        #expect(lost.compactMap { $0.number("datagrams") }.reduce(0, +) == sent - arrived)
    }

    @Test(arguments: [false, true])
    func `a PROXY header precedes the first datagram, or each`(isForEach: Bool) throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: ["udp://127.0.0.1:\(upstream.port)"]) {
            $0.sendProxy = .v2
            $0.sendsProxyEach = isForEach
        }
        try scene.ask("one")
        scene.harness.run(turns: 3)
        // These come joined.
        try scene.client.send(Array("twotwotw".utf8), segment: 3, to: scene.socket)
        var arrived: [[UInt8]] = []
        #expect(
            scene.harness.run(until: {
                while let datagram = upstream.receive() { arrived.append(datagram) }
                return arrived.count == 4
            }))
        let signature = Array("\r\n\r\n\0\r\nQUIT\n".utf8)
        #expect(
            arrived.map { $0.starts(with: signature) }
                == (isForEach ? [true, true, true, true] : [true, false, false, false]))
        for (datagram, text) in zip(arrived, ["one", "two", "two", "tw"]) {
            #expect(datagram.suffix(text.utf8.count).elementsEqual(text.utf8))
        }
    }

    @Test(arguments: 1...3) func `attempts limits the upstreams that are tried`(attempts: Int) throws {
        let dead = try (0..<4).map { _ in try Self.deadAddress() }
        let scene = try Scene(to: dead) { $0.attempts = attempts }
        try scene.ask("one")
        var ended: CapturedRecord?
        scene.harness.run(until: {
            ended = (try? scene.records("close"))?.first
            return ended != nil
        })
        let close = try #require(ended)
        #expect(close.end == "connect-failed by upstream" && close.number("attempts") == attempts, "\(close)")
    }

    @Test func `an answer reaches only its flow`() throws {
        let upstream = try DatagramPeer()
        let scene = try Scene(to: ["udp://127.0.0.1:\(upstream.port)"])
        let other = try DatagramPeer()
        try scene.ask("one")
        let first = try scene.arrival(at: upstream)
        try other.send("two", to: scene.socket)
        let second = try scene.arrival(at: upstream)
        #expect(first.port != second.port)
        // Somebody else may not answer: the socket of a flow is connected.
        Self.send("forged", from: try DatagramPeer(), to: first.port)
        Self.send("second", from: upstream, to: second.port)
        Self.send("first", from: upstream, to: first.port)
        #expect(scene.answers(1) == ["first"])
        var heard: [String] = []
        #expect(
            scene.harness.run(until: {
                heard += other.texts()
                return !heard.isEmpty
            }))
        #expect(heard == ["second"])
    }

    @Test func `with on-down = close an upstream that goes down ends its flows`() throws {
        let (upstream, other) = (try DatagramPeer(), try DatagramPeer())
        let scene = try Scene(to: ["udp://127.0.0.1:\(upstream.port)"]) { $0.onDown = .close }
        try scene.ask("one")
        _ = try scene.arrival(at: upstream)
        try other.send("two", to: scene.socket)
        let flows = scene.harness.lane.openSessions.compactMap { $0 as? DatagramRelay }
        #expect(flows.count == 1)
        flows.first?.upstreamWentDown()
        #expect(try scene.records("close").map(\.end) == ["upstream-down by daemon"])
        #expect(try scene.arrival(at: upstream).text == "two")
    }

    /// The upstream is ejected, and no answer or refusal shows that it is back.
    @Test func `a flow that ends by a shortage does not end an ejection`() throws {
        let port = try ReservedPort().address.port
        let scene = try Scene(to: ["udp://127.0.0.1:\(port)"]) { $0.eject = EjectionSettings(failures: 1) }
        try scene.ask("one")
        #expect(scene.harness.run(until: { (try? scene.records("upstream-down").count) == 1 }))
        let upstream = try DatagramPeer(port: port)
        // More than is kept for another upstream.
        for number in 0..<20 { try scene.ask("\(number)") }
        var count = 0
        #expect(
            scene.harness.run(until: {
                count += upstream.texts().count
                return count == 20
            }))
        let begin = Clock.monotonic
        #expect(
            scene.harness.run(until: { Clock.monotonic - begin > Upstream.timeForRefusal }, idleTurns: 100_000))
        for connection in scene.harness.lane.openSessions {
            if let port = (connection as? DatagramRelay)?.upstream { dissolve(port.stream.raw) }
        }
        try scene.ask("last")
        #expect(scene.harness.run(until: { scene.harness.connections == 0 }))
        #expect(try scene.records("close").last?.end == "error by daemon")
        #expect(try scene.records("upstream-up").isEmpty)
    }

    /// Whatever call fails, each flow has one record of its end, what is not answered is counted, and nothing is left.
    @Test(arguments: [ENOBUFS, ENOMEM, EMFILE, ECONNREFUSED, ENETDOWN])
    func `survives the failure of each system call`(errno: CInt) throws {
        var call = 1
        var isReached = true
        while isReached {
            let (upstream, other) = (try DatagramPeer(), try DatagramPeer())
            let scene = try Scene(to: ["udp://127.0.0.1:\(upstream.port)", "udp://127.0.0.1:\(other.port)"])
            func echo() {
                for peer in [upstream, other] {
                    while let found = peer.receiveWithSource() {
                        Self.send(String(decoding: found.bytes, as: UTF8.self), from: peer, to: found.port)
                    }
                }
            }
            isReached = FaultInjection.failing(call: call, with: errno) {
                for number in 0..<3 {
                    try? scene.ask("\(number)")
                    scene.harness.run(turns: 2)
                    echo()
                    scene.harness.run(turns: 2)
                }
            }
            // Whoever comes now is served.
            var answers: [String] = []
            try scene.ask("last")
            #expect(
                scene.harness.run(
                    until: {
                        echo()
                        answers += scene.client.texts()
                        return answers.contains("last")
                    }, idleTurns: 500) || answers.isEmpty, "call \(call): \(answers)")
            #expect(Set(answers).isSubset(of: ["0", "1", "2", "last"]), "call \(call)")
            let closed = try scene.closed().compactMap { $0.number("connection") }
            #expect(try scene.records("open").compactMap { $0.number("connection") }.sorted() == closed.sorted())
            #expect(Set(closed).count == closed.count, "call \(call)")
            call += 1
        }
        #expect(call > 12, "a socket, three datagrams there and three back")
    }
}
