// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Records
import TestSupport
import Testing

@testable import Reactor

@Suite struct LaneTests {
    // MARK: - Deadlines

    @Test func `closes a connection that is silent for too long`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(idleTimeout: 1_000_000, service: Mirror.init)[0]
        let peer = try harness.connect(to: socket)
        #expect(harness.run(until: { peer.hasEnded }))
        #expect(try harness.ends() == ["idle-timeout by daemon"])
    }

    @Test func `closes a connection at its age, however busy it is`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(idleTimeout: 3_600_000_000_000, lifetime: 20_000_000, service: Mirror.init)[0]
        let peer = try harness.connect(to: socket)
        #expect(
            harness.run(until: {
                peer.write("x")
                return peer.isOver
            }))
        #expect(try harness.ends() == ["lifetime by daemon"])
    }

    @Test func `a service may say goodbye when it is stopped`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(idleTimeout: 1_000_000, service: Polite.init)[0]
        let peer = try harness.connect(to: socket)
        #expect(harness.run(until: { peer.hasEnded }))
        #expect(peer.text == "goodbye")
        peer.close()
        #expect(harness.run(until: { harness.connections == 0 }))
        #expect(try harness.ends() == ["idle-timeout by daemon"])
    }

    // MARK: - Ends

    @Test func `lets last words arrive at a client that still sends`() throws {
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

    @Test func `knows a reset for the client's where its own end meets it`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: Silent.init)[0]
        let peer = try harness.connect(to: socket)
        #expect(harness.run(until: { harness.connections == 1 }))
        peer.reset()
        // No event was read yet, so it is shutdown(2) that finds out.
        harness.lane.stop(nil, because: .drained, by: .operator)
        #expect(try harness.ends() == ["reset-by-client by client"])
    }

    @Test func `closes what is left when all has to end`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: Mirror.init)[0]
        let peers = try (0..<10).map { _ in try harness.connect(to: socket) }
        #expect(harness.run(until: { harness.connections == 10 }))
        harness.lane.stopAccepting()
        harness.lane.stop(nil, because: .stopped, by: .operator)
        harness.lane.closeAll(because: .stopped, by: .operator)
        #expect(harness.run(until: { peers.allSatisfy(\.hasEnded) }))
        #expect(try harness.ends() == Array(repeating: "stopped by operator", count: 10))
    }

    @Test func `takes who waits in the backlog before it stops accepting`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: Mirror.init)[0]
        let peers = try (0..<20).map { _ in try harness.connect(to: socket) }
        harness.lane.stopAccepting()
        for peer in peers { peer.write("kept") }
        #expect(harness.run(until: { peers.allSatisfy { $0.text == "kept" } }))
    }

    @Test func `stops the connections of one listener alone`() throws {
        let harness = try LaneHarness()
        let first = try harness.listen(service: Mirror.init)[0]
        let second = try harness.listen(service: Mirror.init)[0]
        let leaving = try harness.connect(to: first)
        let staying = try harness.connect(to: second)
        #expect(harness.run(until: { harness.connections == 2 }))
        harness.lane.stop(1, because: .drained, by: .operator)
        staying.write("here")
        #expect(harness.run(until: { leaving.hasEnded && staying.text == "here" }))
        #expect(try harness.ends() == ["drained by operator"])
    }

    // MARK: - Limits

    @Test func `turns away whom the daemon has no room for, and goes on`() throws {
        let harness = try LaneHarness(connectionLimit: 2)
        let socket = try harness.listen(service: Mirror.init)[0]
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
    func `leaves a socket alone while nothing can be accepted, says so once, and resumes`(number: CInt) throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: Mirror.init)[0]
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

    @Test func `goes on after a connection that was gone before it was accepted`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: Mirror.init)[0]
        let peer = try harness.connect(to: socket)
        peer.write("next")
        #expect(FaultInjection.failing(call: 1, with: ECONNABORTED) { harness.lane.turn(waiting: false) })
        #expect(harness.run(until: { peer.text == "next" }))
        #expect(try !harness.capturedRecords().contains { $0.event == "accept-paused" })
    }

    // MARK: - Fairness and edges

    @Test func `serves the others while one client floods`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.unixStream], service: Mirror.init)[0]
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

    @Test func `writes what lives when asked`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: Mirror.init)[0]
        let peer = try harness.connect(to: socket)
        peer.write("12345")
        #expect(harness.run(until: { peer.text == "12345" }))
        harness.lane.recordConnections()
        let live = try #require(try harness.capturedRecords().first { $0.event == "live" })
        #expect(live.number("bytes_in") == 5)
        #expect(live.number("bytes_out") == 5)
    }
}

/// Gives everything back.
private final class Mirror: Service {
    func makeConnection(for arrival: consuming Arrival, on lane: Lane) -> Connection {
        MirrorWorker(arrival, lane: lane)
    }

    private final class MirrorWorker: Worker {
        override func received(_ count: Int) { _ = sendReceived(count) }
    }
}

/// Says goodbye when it is stopped.
private final class Polite: Service {
    func makeConnection(for arrival: consuming Arrival, on lane: Lane) -> Connection {
        PoliteWorker(arrival, lane: lane)
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
    func makeConnection(for arrival: consuming Arrival, on lane: Lane) -> Connection {
        SilentWorker(arrival, lane: lane)
    }

    private final class SilentWorker: Worker {
        override func stop(_ reason: CloseReason, by party: CloseParty) { finish(reason, by: party) }
    }
}

/// Says something at the first byte, and nothing more.
private final class LastWords: Service {
    func makeConnection(for arrival: consuming Arrival, on lane: Lane) -> Connection {
        LastWordsWorker(arrival, lane: lane)
    }

    private final class LastWordsWorker: Worker {
        override func received(_ count: Int) {
            _ = send(Array("enough".utf8))
            finish(.finished, by: .service)
        }
    }
}
