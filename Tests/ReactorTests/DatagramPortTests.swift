// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Records
import TestSupport
import Testing

@testable import Reactor

@Suite struct DatagramPortTests {
    private static let kinds = [SocketKind.udp, .unixDatagram]

    private func peer(_ kind: SocketKind) throws -> DatagramPeer { try DatagramPeer(kind == .udp ? "127.0.0.1" : nil) }

    // MARK: - Flows

    @Test(arguments: kinds)
    func `each source has one flow`(kind: SocketKind) throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([kind], service: EchoingService.init)[0]
        let peers = try (0..<5).map { _ in try peer(kind) }
        for round in 0..<3 {
            for (number, peer) in peers.enumerated() { try peer.send("\(round) of \(number)", to: socket) }
            // A Unix socket holds eleven.
            harness.run(turns: 2)
        }
        var answers = peers.map { _ in [String]() }
        #expect(
            harness.run(until: {
                for (number, peer) in peers.enumerated() { answers[number] += peer.texts() }
                return answers.allSatisfy { $0.count == 3 }
            }))
        for (number, texts) in answers.enumerated() { #expect(texts == (0..<3).map { "\($0) of \(number)" }) }
        #expect(harness.connections == 5)
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        #expect(harness.connections == 0)
        let records = try harness.capturedRecords()
        #expect(records.filter { $0.event == "open" }.count == 5)
        let closed = records.filter { $0.event == "close" }
        #expect(closed.count == 5)
        #expect(Set(closed.compactMap { $0["peer"] }).count == 5)
        for record in closed {
            #expect(record.number("datagrams_in") == 3)
            #expect(record.number("datagrams_out") == 3)
            #expect(record.number("datagrams_dropped") == 0)
            #expect(record.number("bytes_in") == 18)
            #expect(record.number("bytes_out") == 18)
            #expect(record.end == "stopped by daemon")
            #expect(record["local"] == "\(kind.scheme)://\(socket.address)")
        }
    }

    @Test func `datagrams that the kernel dropped are counted and logged`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: EchoingService.init)[0]
        let peer = try peer(.udp)
        var size: CInt = 4096
        setsockopt(socket.raw, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        let bytes = [UInt8](repeating: 7, count: 1000)
        let sent = 2000
        for _ in 0..<sent { try peer.send(bytes, to: socket) }
        harness.run(turns: 100)
        // How many were lost is told with the next one that comes.
        try peer.send(bytes, to: socket)
        harness.run(turns: 2)
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let records = try harness.capturedRecords()
        let received = try #require(records.first { $0.event == "close" }?.number("datagrams_in"))
        let lost = records.filter { $0.event == "lost" && $0["message"]?.contains("receive buffer full") == true }
            .reduce(0) { $0 + ($1.number("datagrams") ?? 0) }
        #expect(received < sent + 1 && lost == sent + 1 - received)
    }

    @Test func `one source has a flow for each destination address`() throws {
        let harness = try LaneHarness()
        let socket = try ListeningSocket(
            kind: .udp, address: .ipv4(.any, port: 0), dualStack: false, options: ListeningOptions())
        harness.lane.open(listener(EchoingService.init), sockets: [socket])
        let peer = try DatagramPeer()
        for host in ["127.0.0.2", "127.0.0.3", "127.0.0.2"] { try peer.send(host, to: socket, host: host) }
        var answers: [String] = []
        var texts: [String] = []
        #expect(
            harness.run(until: {
                while let answer = peer.receiveWithSource() {
                    texts.append(String(decoding: answer.bytes, as: UTF8.self))
                    answers.append(answer.host)
                }
                return answers.count == 3
            }))
        #expect(texts == answers)
        #expect(harness.connections == 2)
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let port = socket.address.port ?? 0
        #expect(
            Set(try harness.capturedRecords().filter { $0.event == "close" }.compactMap { $0["local"] })
                == ["udp://127.0.0.2:\(port)", "udp://127.0.0.3:\(port)"])
    }

    @Test(arguments: kinds)
    func `a flow ends after idle-timeout, and the next datagram begins another`(kind: SocketKind) throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([kind], service: EchoingService.init) { $0.flowIdleTimeout = 20_000_000 }[0]
        let peer = try peer(kind)
        for _ in 0..<2 {
            try peer.send("x", to: socket)
            #expect(harness.run(until: { harness.connections == 1 }))
            #expect(harness.run(until: { harness.connections == 0 }))
        }
        #expect(try harness.ends() == ["idle-timeout by daemon", "idle-timeout by daemon"])
    }

    @Test func `a flow with traffic does not reach idle-timeout`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: EchoingService.init) { $0.flowIdleTimeout = 60_000_000 }[0]
        let peer = try DatagramPeer()
        let end = Clock.monotonic + 300_000_000
        harness.run(until: {
            try? peer.send("x", to: socket)
            usleep(1000)
            return Clock.monotonic >= end
        })
        #expect(try harness.capturedRecords().filter { $0.event == "open" }.count == 1)
        #expect(try harness.ends() == [])
    }

    @Test func `a broadcast is dropped without broadcast=true, and its source is still served`() throws {
        let harness = try LaneHarness()
        let socket = try ListeningSocket(
            kind: .udp, address: .ipv4(.any, port: 0), dualStack: false, options: ListeningOptions())
        harness.lane.open(listener(EchoingService.init), sockets: [socket])
        let peer = try DatagramPeer()
        var on: CInt = 1
        #expect(setsockopt(peer.raw, SOL_SOCKET, SO_BROADCAST, &on, socklen_t(MemoryLayout<CInt>.size)) == 0)
        try peer.send("to all", to: socket, host: "127.255.255.255")
        try peer.send("to one", to: socket, host: "127.0.0.2")
        var texts: [String] = []
        #expect(
            harness.run(until: {
                texts += peer.texts()
                return !texts.isEmpty
            }))
        harness.settle()
        #expect(texts + peer.texts() == ["to one"])
        #expect(harness.connections == 1)
    }

    @Test func `empty datagrams count as datagrams`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: EchoingService.init)[0]
        let peer = try DatagramPeer()
        for _ in 0..<3 { try peer.send("", to: socket) }
        var answers: [String] = []
        #expect(
            harness.run(until: {
                answers += peer.texts()
                return answers.count == 3
            }))
        #expect(answers == ["", "", ""])
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let record = try harness.capturedRecords().first { $0.event == "close" }
        #expect(record?.number("datagrams_in") == 3)
        #expect(record?.number("datagrams_out") == 3)
        #expect(record?.number("bytes_in") == 0)
    }

    @Test func `segments of a coalesced datagram are answered and counted one by one`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: EchoingService.init)[0]
        let peer = try DatagramPeer()
        let bytes = (0..<25_500).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try peer.send(bytes, segment: 1000, to: socket)
        var answers: [[UInt8]] = []
        #expect(
            harness.run(until: {
                while let answer = peer.receive() { answers.append(answer) }
                return answers.count == 26
            }))
        #expect(answers.flatMap { $0 } == bytes)
        #expect(answers.map(\.count) == Array(repeating: 1000, count: 25) + [500])
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let record = try harness.capturedRecords().first { $0.event == "close" }
        #expect(record?.number("datagrams_in") == 26)
        #expect(record?.number("datagrams_out") == 26)
        #expect(record?.number("bytes_out") == 25_500)
    }

    // MARK: - Limits

    @Test func `sources beyond max-connections are refused and logged together`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: EchoingService.init) { $0.maxConnections = 10 }[0]
        let peers = try (0..<200).map { _ in try DatagramPeer() }
        for peer in peers { try peer.send("x", to: socket) }
        var answered: Set<Int> = []
        harness.run(
            until: {
                for (number, peer) in peers.enumerated() where !peer.texts().isEmpty { answered.insert(number) }
                return false
            }, idleTurns: 50)
        // The first who came, and nobody else.
        #expect(answered == Set(0..<10))
        #expect(harness.connections == 10)
        // They live on.
        try peers[3].send("again", to: socket)
        var again: [String] = []
        #expect(
            harness.run(until: {
                again += peers[3].texts()
                return again == ["again"]
            }))
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let records = try harness.capturedRecords()
        #expect(records.filter { $0.event == "open" }.count == 10)
        #expect(records.filter { $0.event == "close" }.count == 10)
        let refused = records.filter { $0.event == "refused" }
        #expect(refused.count == 2, "the first one at once, the others at the end")
        #expect(refused.compactMap { $0.number("datagrams") }.reduce(0, +) == 190)
        #expect(refused.allSatisfy { $0["rule"] == "listener.max-connections" })
    }

    @Test func `the daemon's limit applies to flows`() throws {
        let harness = try LaneHarness(connectionLimit: 1)
        let socket = try harness.listen([.udp], service: EchoingService.init) { $0.flowIdleTimeout = 20_000_000 }[0]
        let (first, second) = (try DatagramPeer(), try DatagramPeer())
        try first.send("x", to: socket)
        #expect(harness.run(until: { harness.connections == 1 }))
        try second.send("refused", to: socket)
        #expect(harness.run(until: { (try? harness.capturedRecords().contains { $0.event == "refused" }) == true }))
        #expect(harness.run(until: { harness.connections == 0 }))
        try second.send("y", to: socket)
        #expect(harness.run(until: { harness.connections == 1 }))
        #expect(
            try harness.capturedRecords().filter { $0.event == "refused" }.map { $0["rule"] }
                == ["daemon.max-connections"])
    }

    @Test func `a flow that its service refuses has no open or close record`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: RefusingService.init)[0]
        for _ in 0..<20 { try DatagramPeer().send("x", to: socket) }
        harness.run(until: { false }, idleTurns: 30)
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        #expect(harness.connections == 0)
        #expect(harness.shared.connections.value == 0)
        let records = try harness.capturedRecords()
        #expect(records.allSatisfy { $0.event == "refused" })
        #expect(records.count <= 2)
        #expect(records.compactMap { $0.number("datagrams") }.reduce(0, +) == 20)
    }

    // MARK: - Ends

    @Test func `a flow that closes itself has sent its answers`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: OneAnswerService.init)[0]
        let peer = try DatagramPeer()
        for round in 1...3 {
            try peer.send("question", to: socket)
            var answers: [String] = []
            #expect(
                harness.run(until: {
                    answers += peer.texts()
                    return !answers.isEmpty
                }))
            #expect(answers == ["answer"])
            #expect(harness.connections == 0)
            #expect(try harness.ends() == Array(repeating: "finished by service", count: round))
        }
        for record in try harness.capturedRecords() where record.event == "close" {
            #expect(record.number("datagrams_in") == 1)
            #expect(record.number("datagrams_out") == 1)
            #expect(record.number("bytes_out") == 6)
        }
    }

    @Test func `datagrams directly after the end of a flow are counted and logged`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: OneAnswerService.init)[0]
        let peer = try DatagramPeer()
        for text in ["question", "one", "two", "three"] { try peer.send(text, to: socket) }
        var answers: [String] = []
        #expect(
            harness.run(until: {
                answers += peer.texts()
                return !answers.isEmpty
            }))
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let records = try harness.capturedRecords()
        let closed = records.filter { $0.event == "close" }
        #expect(closed.count == 1)
        #expect(closed.first?.number("datagrams_in") == 4)
        #expect(closed.first?.number("datagrams_out") == 1)
        #expect(closed.first?.number("datagrams_dropped") == 3)
        let lost = records.filter { $0.event == "lost" }
        #expect(lost.compactMap { $0.number("datagrams") } == [3])
        #expect(lost.first?["message"]?.contains("flow ended") == true)
    }

    @Test func `a datagram whose flow cannot begin is logged`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: StillbornService.init)[0]
        let peer = try DatagramPeer()
        for text in ["one", "two"] { try peer.send(text, to: socket) }
        #expect(harness.run(until: { (try? harness.capturedRecords().contains { $0.event == "lost" }) == true }))
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let records = try harness.capturedRecords()
        #expect(records.filter { $0.event == "close" }.allSatisfy { $0["reason"] == "connect-failed" })
        #expect(records.filter { $0.event == "lost" }.compactMap { $0.number("datagrams") }.reduce(0, +) == 2)
    }

    @Test func `a datagram too long to be answered is counted and logged`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: LongAnswerService.init)[0]
        let peer = try DatagramPeer()
        try peer.send("question", to: socket)
        var answers: [String] = []
        #expect(
            harness.run(until: {
                answers += peer.texts()
                return !answers.isEmpty
            }))
        #expect(answers == ["short"])
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let records = try harness.capturedRecords()
        #expect(records.filter { $0.event == "lost" }.map { $0["errno"] } == ["EMSGSIZE"])
        let close = records.first { $0.event == "close" }
        #expect(close?.number("datagrams_out") == 1)
        #expect(close?.number("datagrams_dropped") == 1)
    }

    @Test func `received datagrams are answered before the listener closes`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: EchoingService.init)[0]
        let peer = try DatagramPeer()
        try peer.send("late", to: socket)
        harness.lane.stopAccepting(1)
        #expect(peer.texts() == ["late"])
        #expect(try harness.ends() == ["drained by operator"])
    }

    @Test func `many flows of a closed socket end in several turns, each with a record`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: EchoingService.init)[0]
        let peers = try (0..<150).map { _ in try DatagramPeer() }
        for peer in peers {
            try peer.send("x", to: socket)
            harness.run(turns: 1)
        }
        #expect(harness.run(until: { harness.connections == 150 }))
        harness.lane.stopAccepting(1)
        var left = [harness.connections]
        while let last = left.last, last > 0, left.count < 10 {
            harness.run(turns: 1)
            left.append(harness.connections)
        }
        #expect(left == [86, 22, 0])
        #expect(try harness.ends() == Array(repeating: "drained by operator", count: 150))
    }

    @Test func `a flow survives a reload that keeps its socket, and ends when it closes`() throws {
        let harness = try LaneHarness()
        let sockets = try harness.listen([.udp, .udp], service: EchoingService.init)
        let peers = try [DatagramPeer(), DatagramPeer()]
        for (peer, socket) in zip(peers, sockets) { try peer.send("x", to: socket) }
        #expect(harness.run(until: { harness.connections == 2 }))
        // The first one goes, so that the second one takes its place.
        harness.lane.update(listener(EchoingService.init, identifier: 1), sockets: [sockets[1]], keepsService: false)
        #expect(harness.connections == 1)
        #expect(try harness.ends() == ["drained by operator"])
        try peers[1].send("y", to: sockets[1])
        var answers: [String] = []
        #expect(
            harness.run(until: {
                answers += peers[1].texts()
                return answers == ["x", "y"]
            }))
        #expect(try harness.capturedRecords().filter { $0.event == "open" }.count == 2)
    }

    @Test func `a datagram socket is on one lane, the same after every reload`() throws {
        let writer = try RecordWriter(RecordSettings(destinations: [.standardError], format: .json, level: .error))
        let shared = LaneShared(connectionLimit: 100, changed: {})
        let handles = try (0..<3).map { try LaneHandle(number: $0) }
        let lanes = try handles.map {
            try Lane(handle: $0, peers: handles, shared: shared, records: writer.makeBuffer())
        }
        let sockets = try (0..<4).map { _ in
            try ListeningSocket(
                kind: .udp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions())
        }
        func homes(of socket: ListeningSocket) -> [Int] {
            lanes.indices.filter { lane in
                lanes[lane].listeners[1]?.ingressSockets.contains { $0.socket === socket } == true
            }
        }
        let listener = self.listener(EchoingService.init, identifier: 1, sharesOneLane: false)
        for lane in lanes { lane.open(listener, sockets: sockets) }
        let before = sockets.map(homes)
        #expect(before.allSatisfy { $0.count == 1 })
        for lane in lanes { lane.update(listener, sockets: sockets.reversed(), keepsService: true) }
        #expect(sockets.map(homes) == before)
        for lane in lanes { lane.update(listener, sockets: Array(sockets[2...]), keepsService: true) }
        #expect(sockets.map(homes) == [[], []] + before[2...])
        // A service whose members talk to each other wants them all on its lane, and then no more.
        let together = self.listener(EchoingService.init, identifier: 1, sharesOneLane: true)
        lanes[1].update(together, sockets: sockets, keepsService: false)
        for lane in [lanes[0], lanes[2]] { lane.stopAccepting(1) }
        #expect(sockets.map(homes) == [[1], [1], [1], [1]])
        for lane in lanes { lane.update(listener, sockets: sockets, keepsService: false) }
        #expect(sockets.map(homes) == before)
    }

    // MARK: - Losses

    @Test func `a truncated datagram is counted and logged, not delivered`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.unixDatagram], service: EchoingService.init)[0]
        let peer = try DatagramPeer(nil)
        try peer.send([UInt8](repeating: 1, count: DatagramBatch.longest + 1), to: socket)
        try peer.send("short", to: socket)
        var answers: [String] = []
        #expect(
            harness.run(until: {
                answers += peer.texts()
                return !answers.isEmpty
            }))
        #expect(answers == ["short"])
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let records = try harness.capturedRecords()
        let close = records.first { $0.event == "close" }
        #expect(close?.number("datagrams_in") == 2)
        #expect(close?.number("datagrams_dropped") == 1)
        #expect(close?.number("bytes_in") == 5)
        #expect(
            records.first { $0.event == "lost" }?["message"]
                == "dropped 1 datagram: message too long, the limit is 65536 bytes")
    }

    @Test func `an answer that cannot be sent is counted by its flow and logged`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.unixDatagram], service: EchoingService.init)[0]
        var peer: DatagramPeer? = try DatagramPeer(nil)
        try peer?.send("x", to: socket)
        peer = nil
        #expect(harness.run(until: { (try? harness.capturedRecords().contains { $0.event == "lost" }) == true }))
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let records = try harness.capturedRecords()
        #expect(records.first { $0.event == "lost" }?["errno"] == "ECONNREFUSED")
        let close = records.first { $0.event == "close" }
        #expect(close?.number("datagrams_in") == 1)
        #expect(close?.number("datagrams_out") == 0)
        #expect(close?.number("datagrams_dropped") == 1)
    }

    @Test(arguments: [ECONNREFUSED, ENOMEM, ENETDOWN, EPERM])
    func `no failing call ends a port, and each flow has its records`(errno: CInt) throws {
        var call = 1
        var isReached = true
        while isReached {
            let harness = try LaneHarness()
            let socket = try harness.listen([.udp], service: EchoingService.init)[0]
            let peers = try (0..<3).map { _ in try DatagramPeer() }
            isReached = FaultInjection.failing(call: call, with: errno) {
                for peer in peers {
                    try? peer.send("x", to: socket)
                    harness.run(turns: 2)
                }
            }
            // It still takes what comes.
            let last = try DatagramPeer()
            try last.send("last", to: socket)
            var answers: [String] = []
            #expect(
                harness.run(until: {
                    answers += last.texts()
                    return answers == ["last"]
                }), "call \(call)")
            harness.lane.stop(nil, because: .stopped, by: .daemon)
            let records = try harness.capturedRecords()
            #expect(
                records.filter { $0.event == "open" }.compactMap { $0.number("connection") }.sorted()
                    == records.filter { $0.event == "close" }.compactMap { $0.number("connection") }.sorted())
            call += 1
        }
        #expect(call > 6, "three datagrams in, and three out")
    }

    private func listener(
        _ service: @escaping @Sendable () -> any Service, identifier: Int = 7, sharesOneLane: Bool = true
    ) -> ListenerInForce {
        ListenerInForce(identifier, sharesOneLane: sharesOneLane, makeService: service)
    }
}

/// Has no room for anybody.
private final class RefusingService: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession { Worker(seed, lane: lane) }

    func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow? { RefusingFlow(flow: seed, lane: lane) }

    private final class RefusingFlow: Flow {
        override func admit() -> Refusal? { .daemonLimit(0) }
    }
}

/// Answers the first datagram, and has finished.
private final class OneAnswerService: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession { Worker(seed, lane: lane) }

    func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow? { OneAnswerFlow(flow: seed, lane: lane) }

    private final class OneAnswerFlow: Flow {
        override func received(_ bytes: RawSpan, segment: Int) {
            let answer = Array("answer".utf8)
            self.answer(answer.span.bytes)
            close(.finished, by: .service)
        }
    }
}

/// Cannot begin.
private final class StillbornService: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession { Worker(seed, lane: lane) }

    func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow? { StillbornFlow(flow: seed, lane: lane) }

    private final class StillbornFlow: Flow {
        override func start() { close(.connectFailed, by: .upstream) }
    }
}

/// Answers with a message as long as those of RDS, and then with a short one.
private final class LongAnswerService: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession { Worker(seed, lane: lane) }

    func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow? { LongAnswerFlow(flow: seed, lane: lane) }

    private final class LongAnswerFlow: Flow {
        override func received(_ bytes: RawSpan, segment: Int) {
            for answer in [[UInt8](repeating: 0, count: DatagramBatch.longestMessage), Array("short".utf8)] {
                self.answer(answer.span.bytes)
            }
        }
    }
}
