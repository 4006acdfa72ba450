// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Records
import TestSupport
import Testing

@testable import Reactor

/// What is done with all connections of a lane is done in parts, so that the others have their turns between them.
@Suite struct SweepTests {
    private func crowd(_ count: Int) throws -> (LaneHarness, [TestPeer], ListeningSocket) {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: EchoingService.init)[0]
        let other = try harness.listen(service: EchoingService.init)[0]
        let peers = try (0..<count).map { _ in try harness.connect(to: socket) }
        #expect(harness.run(until: { harness.connections == count }))
        return (harness, peers, other)
    }

    @Test func `the connections of a removed listener end over several turns`() throws {
        let (harness, peers, other) = try crowd(200)
        let staying = try harness.connect(to: other)
        #expect(harness.run(until: { harness.connections == 201 }))
        harness.lane.stop(1, because: .drained, by: .operator)
        #expect(harness.connections > 100, "the first part has its bound")
        var turns = 0
        var before = harness.connections
        while harness.connections > 1, turns < 1000 {
            harness.run(turns: 1)
            turns += 1
            #expect(before - harness.connections <= 64)
            before = harness.connections
        }
        #expect(harness.connections == 1 && turns >= 3)
        #expect(harness.run(until: { peers.allSatisfy(\.hasEnded) }))
        staying.write("here")
        #expect(harness.run(until: { staying.text == "here" }))
        #expect(try harness.ends() == [String](repeating: "drained by operator", count: 200))
    }

    @Test func `a connection accepted after a sweep began is not touched`() throws {
        let (harness, _, other) = try crowd(200)
        var seen = 0
        harness.lane.sweep { _ in
            seen += 1
            return 16
        }
        #expect(seen < 200)
        let late = try harness.connect(to: other)
        #expect(harness.run(until: { harness.connections == 201 }))
        #expect(harness.run(until: { seen == 200 }))
        harness.settle()
        #expect(seen == 200)
        #expect(!late.isOver)
    }

    @Test func `records of all connections are written over several turns`() throws {
        let (harness, _, _) = try crowd(300)
        harness.lane.recordConnections()
        harness.settle()
        #expect(try harness.capturedRecords().count { $0.event == "live" } == 300)
    }

    @Test(arguments: [
        (0, 1 << 20), (1, 1 << 20), (16, 1 << 20), (17, 986_895), (64, 256 << 10), (256, 64 << 10), (100_000, 64 << 10),
    ])
    func `the more are ready, the less each may move in a turn`(ready: Int, share: Int) {
        #expect(Lane.share(of: ready) == share)
    }

    @Test func `many messages to a lane are handled over several turns, in order`() throws {
        let harness = try LaneHarness()
        let done = DoneNumbers()
        for number in 0..<200 { harness.lane.handle.perform { _ in done.append(number) } }
        harness.run(turns: 1)
        #expect(done.count <= 32)
        harness.lane.handle.perform { _ in done.append(200) }
        for _ in 0..<10 { harness.run(turns: 1) }
        #expect(done.all == Array(0...200))
    }

    @Test func `many simultaneous deadlines are handled over several turns`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: EchoingService.init) { $0.idleTimeout = 1_000_000_000 }[0]
        let peers = try (0..<200).map { _ in try harness.connect(to: socket) }
        #expect(harness.run(until: { harness.connections == 200 }))
        var before = 200
        var most = 0
        let isOver = harness.run(until: {
            most = max(most, before - harness.connections)
            before = harness.connections
            return before == 0
        })
        #expect(isOver && most <= 64)
        #expect(harness.run(until: { peers.allSatisfy(\.hasEnded) }))
    }

    /// Lanes have clocks of their own: one that hands a connection over may be ahead.
    // Plain only: a filter belongs to its lane, so a filtered connection is not handed over.
    @Test(.plainOnly) func `a connection accepted by a clock that is ahead has duration 0`()
        throws
    {
        let harness = try LaneHarness()
        _ = try harness.listen(service: EchoingService.init)
        let listener = try #require(harness.lane.listeners[1]?.current)
        var ends: [CInt] = [0, 0]
        #expect(
            socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
                == 0)
        defer { close(ends[1]) }
        var admittance = try harness.lane.admit(.unnamed, to: listener)
        admittance.move(to: harness.lane.handle.connections)
        let identity = Identity(
            number: 7, listener: listener, kind: .unixStream, peer: .unnamed, local: .unnamed,
            accepted: Clock.monotonic + 3_600_000_000_000)
        let stream = Stream(OwnedDescriptor(adopting: ends[0]), .unixStream)
        harness.lane.handle.post(.adopt(SeedParcel(Seed(identity, stream, admittance))))
        harness.run(turns: 2)
        #expect(harness.connections == 1)
        shutdown(ends[1], CInt(SHUT_WR))
        #expect(harness.run(until: { harness.connections == 0 }))
        let close = try #require(try harness.capturedRecords().first { $0.event == "close" })
        #expect(close.number("duration_us") == 0)
    }
}

/// What was done, seen from closures that are Sendable; all of them run on the test's thread.
private final class DoneNumbers: @unchecked Sendable {
    private(set) var all: [Int] = []
    var count: Int { all.count }
    func append(_ number: Int) { all.append(number) }
}
