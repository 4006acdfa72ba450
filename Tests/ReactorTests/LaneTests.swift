// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Records
import TestSupport
import Testing

@testable import Reactor

@Suite struct LaneTests {
    // MARK: - Deadlines

    @Test func `idle-timeout closes a silent connection`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: EchoingService.init) { $0.idleTimeout = 1_000_000 }[0]
        let peer = try harness.connect(to: socket)
        #expect(harness.run(until: { peer.hasEnded }))
        #expect(try harness.ends() == ["idle-timeout by daemon"])
    }

    @Test func `lifetime closes a busy connection`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: EchoingService.init) {
            $0.idleTimeout = 3_600_000_000_000
            $0.lifetime = 20_000_000
        }[0]
        let peer = try harness.connect(to: socket)
        #expect(
            harness.run(until: {
                peer.write("x")
                return peer.isOver
            }))
        #expect(try harness.ends() == ["lifetime by daemon"])
    }

    @Test func `a service may send a last message when it is stopped`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: Polite.init) { $0.idleTimeout = 1_000_000 }[0]
        let peer = try harness.connect(to: socket)
        #expect(harness.run(until: { peer.hasEnded }))
        #expect(peer.text == "goodbye")
        peer.close()
        #expect(harness.run(until: { harness.connections == 0 }))
        #expect(try harness.ends() == ["idle-timeout by daemon"])
    }

    // MARK: - Ends

    @Test func `the last message reaches a client that still sends`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: LastWords.init)[0]
        let peer = try harness.connect(to: socket)
        // More than the service reads before it speaks: a close with this unread would reset the connection.
        peer.write([UInt8](repeating: 1, count: 1 << 20))
        #expect(harness.run(until: { peer.hasEnded }))
        #expect(peer.text == "enough")
        #expect(peer.failure == 0)
        peer.close()
        #expect(harness.run(until: { harness.connections == 0 }))
        #expect(try harness.ends() == ["finished by service"])
    }

    @Test func `a reset found by shutdown(2) is logged as reset-by-client`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: Silent.init)[0]
        let peer = try harness.connect(to: socket)
        #expect(harness.run(until: { harness.connections == 1 }))
        peer.reset()
        // No event was read yet, so it is shutdown(2) that finds out.
        harness.lane.stop(nil, because: .drained, by: .operator)
        #expect(try harness.ends() == ["reset-by-client by client"])
    }

    @Test func `a stop closes the remaining connections`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: EchoingService.init)[0]
        let peers = try (0..<10).map { _ in try harness.connect(to: socket) }
        #expect(harness.run(until: { harness.connections == 10 }))
        harness.lane.stopAccepting()
        harness.lane.stop(nil, because: .stopped, by: .operator)
        harness.lane.closeAll(because: .stopped, by: .operator)
        #expect(harness.run(until: { peers.allSatisfy(\.hasEnded) }))
        #expect(try harness.ends() == Array(repeating: "stopped by operator", count: 10))
    }

    @Test func `the backlog is accepted before the lane stops accepting`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: EchoingService.init)[0]
        let peers = try (0..<20).map { _ in try harness.connect(to: socket) }
        harness.lane.stopAccepting()
        for peer in peers { peer.write("kept") }
        #expect(harness.run(until: { peers.allSatisfy { $0.text == "kept" } }))
    }

    @Test func `a closed backlog is accepted in batches, between other events`() throws {
        let harness = try LaneHarness()
        let closing = try harness.listen(service: EchoingService.init)[0]
        let staying = try harness.listen(service: EchoingService.init)[0]
        let other = try harness.connect(to: staying)
        #expect(harness.run(until: { harness.connections == 1 }))
        let peers = try (0..<300).map { _ in try harness.connect(to: closing) }
        harness.lane.stopAccepting(1)
        let first = harness.connections - 1
        #expect(first > 0 && first < peers.count / 2, "\(first) at once")
        // Only when all are taken has the lane done what it was asked.
        harness.lane.handle.sendHeartbeat(7)
        other.write("here")
        var answered: Int?
        for turn in 0..<peers.count where answered == nil {
            harness.run(turns: 1)
            if other.text == "here" { answered = turn }
            if harness.connections < 1 + peers.count { #expect(harness.lane.handle.answeredHeartbeat == 0) }
        }
        #expect(answered != nil)
        #expect(harness.run(until: { harness.lane.handle.answeredHeartbeat == 7 }))
        #expect(harness.connections == 1 + peers.count)
        for peer in peers { peer.write("kept") }
        #expect(harness.run(until: { peers.allSatisfy { $0.text == "kept" } }))
    }

    @Test func `a removed listener accepts the rest of its backlog`() throws {
        let harness = try LaneHarness()
        let closing = try harness.listen(service: EchoingService.init)[0]
        let peers = try (0..<300).map { _ in try harness.connect(to: closing) }
        harness.lane.stopAccepting(1)
        harness.lane.handle.sendHeartbeat(7)
        harness.lane.stop(1, because: .drained, by: .operator)
        #expect(harness.run(until: { peers.allSatisfy(\.hasEnded) && harness.lane.handle.answeredHeartbeat == 7 }))
        #expect(try harness.ends() == Array(repeating: "drained by operator", count: 300))
    }

    @Test func `the backlog of a kept socket waits for its next listener`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: Silent.init)[0]
        let peers = try (0..<3).map { _ in try harness.connect(to: socket) }
        harness.lane.stopAccepting(1, staying: [ObjectIdentifier(socket)])
        #expect(harness.connections == 0)
        let listener = ListenerInForce(2, name: "next", makeService: EchoingService.init)
        harness.lane.open(listener, sockets: [socket])
        for peer in peers { peer.write("kept") }
        #expect(harness.run(until: { peers.allSatisfy { $0.text == "kept" } }))
    }

    @Test func `the connections of one listener are stopped`() throws {
        let harness = try LaneHarness()
        let first = try harness.listen(service: EchoingService.init)[0]
        let second = try harness.listen(service: EchoingService.init)[0]
        let leaving = try harness.connect(to: first)
        let staying = try harness.connect(to: second)
        #expect(harness.run(until: { harness.connections == 2 }))
        harness.lane.stop(1, because: .drained, by: .operator)
        staying.write("here")
        #expect(harness.run(until: { leaving.hasEnded && staying.text == "here" }))
        #expect(try harness.ends() == ["drained by operator"])
    }

    // MARK: - Limits

    @Test func `a connection over the daemon's limit is refused, and accepting continues`() throws {
        let harness = try LaneHarness(connectionLimit: 2)
        let socket = try harness.listen(service: EchoingService.init)[0]
        let first = try harness.connect(to: socket)
        let second = try harness.connect(to: socket)
        #expect(harness.run(until: { harness.connections == 2 }))
        let refused = try harness.connect(to: socket)
        #expect(harness.run(until: { refused.isOver }))
        let record = try #require(try harness.capturedRecords().first { $0.event == "refused" })
        #expect(record["rule"] == "daemon.max-connections")
        first.close()
        #expect(harness.run(until: { harness.connections == 1 }))
        let next = try harness.connect(to: socket)
        next.write("room")
        #expect(harness.run(until: { next.text == "room" }))
        _ = second
    }

    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
    func `EMFILE on accept pauses the listener, with one record, and it resumes`(number: CInt) throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: EchoingService.init)[0]
        let peer = try harness.connect(to: socket)
        peer.write("patience")
        // The first call of the turn is accept4.
        #expect(FaultInjection.failing(call: 1, with: number) { harness.lane.turn(waiting: false) })
        #expect(harness.connections == 0)
        #expect(harness.run(until: { peer.text == "patience" }))
        let events = try harness.capturedRecords().map(\.event)
        #expect(events.filter { $0 == "accept-paused" }.count == 1)
        #expect(events.filter { $0 == "accept-resumed" }.count == 1)
    }

    @Test func `ECONNABORTED on accept is skipped`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: EchoingService.init)[0]
        let peer = try harness.connect(to: socket)
        peer.write("next")
        #expect(FaultInjection.failing(call: 1, with: ECONNABORTED) { harness.lane.turn(waiting: false) })
        #expect(harness.run(until: { peer.text == "next" }))
        #expect(try !harness.capturedRecords().contains { $0.event == "accept-paused" })
    }

    // MARK: - Fairness and edges

    @Test func `a client that floods does not block the others`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.unixStream], service: EchoingService.init)[0]
        let flood = try harness.connect(to: socket)
        let other = try harness.connect(to: socket)
        #expect(harness.run(until: { harness.connections == 2 }))
        other.write("me too")
        #expect(
            harness.run(until: {
                flood.write([UInt8](repeating: 7, count: 1 << 16))
                return other.text == "me too"
            }))
    }

    @Test func `each of many busy connections gets a share of the turn`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.unixStream], service: Measurer.init)[0]
        let peers = try (0..<256).map { _ in try harness.connect(to: socket) }
        #expect(harness.run(until: { harness.connections == peers.count }))
        let length = 150 << 10
        for peer in peers { peer.write([UInt8](repeating: 7, count: length)) }
        let workers = harness.lane.openSessions.compactMap { $0 as? MeasuringWorker }
        #expect(harness.run(until: { workers.allSatisfy { $0.total == length } }))
        #expect(workers.allSatisfy { $0.longest < 100 << 10 })
    }

    @Test func `open connections are logged on request`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: EchoingService.init)[0]
        let peer = try harness.connect(to: socket)
        peer.write("12345")
        #expect(harness.run(until: { peer.text == "12345" }))
        harness.lane.recordConnections()
        let live = try #require(try harness.capturedRecords().first { $0.event == "live" })
        #expect(live.number("bytes_in") == 5)
        #expect(live.number("bytes_out") == 5)
    }
}

/// Remembers how much came, and how much of it at once.
private final class Measurer: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession {
        MeasuringWorker(seed, lane: lane)
    }
}

private final class MeasuringWorker: Worker {
    private(set) var total = 0
    private(set) var longest = 0

    override func received(_ count: Int) {
        total += count
        longest = max(longest, count)
    }
}

/// Says goodbye when it is stopped.
private final class Polite: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession {
        PoliteWorker(seed, lane: lane)
    }

    private final class PoliteWorker: Worker {
        override func stop(_ reason: CloseReason, by party: CloseParty) {
            _ = send(Array("goodbye".utf8))
            finish(reason, by: party)
        }
    }
}

/// Says nothing, and lets its client finish when it is stopped.
private final class Silent: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession {
        SilentWorker(seed, lane: lane)
    }

    private final class SilentWorker: Worker {
        override func stop(_ reason: CloseReason, by party: CloseParty) { finish(reason, by: party) }
    }
}

/// Says something at the first byte, and nothing more.
private final class LastWords: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession {
        LastWordsWorker(seed, lane: lane)
    }

    private final class LastWordsWorker: Worker {
        override func received(_ count: Int) {
            _ = send(Array("enough".utf8))
            finish(.finished, by: .service)
        }
    }
}
