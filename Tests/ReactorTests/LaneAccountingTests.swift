// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Records
import Synchronization
import TestSupport
import Testing

@testable import Reactor

/// What is entered is left again, on the ways that few connections take.
@Suite struct LaneAccountingTests {
    @Test func `a connection that its listener refuses is not counted by the daemon`() throws {
        let harness = try LaneHarness(connectionLimit: 2)
        let full = try harness.listen(service: Keeper.init) { $0.maxConnections = 1 }[0]
        let free = try harness.listen(service: Keeper.init)[0]
        let kept = try harness.connect(to: full)
        #expect(harness.run(until: { harness.connections == 1 }))
        for _ in 0..<5 {
            let refused = try harness.connect(to: full)
            #expect(harness.run(until: { refused.isOver }))
        }
        let rules = try harness.capturedRecords().filter { $0.event == "refused" }.compactMap { $0["rule"] }
        #expect(rules == Array(repeating: "listener.max-connections", count: 5))
        #expect(harness.shared.connections.value == 1)
        let other = try harness.connect(to: free)
        #expect(harness.run(until: { harness.connections == 2 }))
        withExtendedLifetime((kept, other)) {}
    }

    @Test func `the first change after each acknowledgement is notified`() throws {
        let changes = Counter()
        let harness = try LaneHarness(changed: { changes.add() })
        let socket = try harness.listen(service: Keeper.init)[0]
        harness.settle()
        harness.shared.acknowledgeChange()
        let before = changes.value
        let kept = try harness.connect(to: socket)
        #expect(harness.run(until: { harness.connections == 1 }))
        #expect(changes.value == before + 1)
        kept.close()
        #expect(harness.run(until: { harness.connections == 0 }))
        #expect(changes.value == before + 1, "not acknowledged")
        harness.shared.acknowledgeChange()
        let other = try harness.connect(to: socket)
        #expect(harness.run(until: { harness.connections == 1 }))
        #expect(changes.value == before + 2)
        harness.shared.acknowledgeChange()
        other.close()
        #expect(harness.run(until: { harness.connections == 0 }))
        #expect(changes.value == before + 3)
    }

    @Test func `a connection ended by the operator closes in time if its client does not read`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.unixStream], service: Keeper.init)[0]
        let peer = try harness.connect(to: socket)
        peer.reads = false
        #expect(harness.run(until: { harness.connections == 1 }))
        let worker = try #require(harness.lane.openSessions.first as? KeeperWorker)
        while worker.heldBytes == 0 { #expect(worker.send([UInt8](repeating: 7, count: 1 << 16)) != .closed) }
        #expect(worker.nextDeadline == nil)

        worker.stop(.drained, by: .operator)
        let deadline = try #require(worker.nextDeadline)
        #expect(worker.isOpen && deadline <= harness.lane.now + 5_000_000_000)
        #expect(harness.lane.deadlines.time(of: worker.slot) == deadline)
        #expect(worker.deadline(at: deadline) == nil)
        #expect(try harness.ends() == ["drained by operator"])
    }

    @Test func `a connection ended by its service may take as long as its client reads`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.unixStream], service: Keeper.init)[0]
        let peer = try harness.connect(to: socket)
        peer.reads = false
        #expect(harness.run(until: { harness.connections == 1 }))
        let worker = try #require(harness.lane.openSessions.first as? KeeperWorker)
        while worker.heldBytes == 0 { #expect(worker.send([UInt8](repeating: 7, count: 1 << 16)) != .closed) }
        worker.finish(.finished, by: .service)
        #expect(worker.isOpen && worker.nextDeadline == nil)
    }

    // Plain only: a filter belongs to its lane, so a filtered connection is not handed over.
    @Test(.plainOnly) func `a connection handed over to a lane without its listener is stopped`() throws {
        let harness = try LaneHarness()
        let shared = harness.shared
        let handle = harness.lane.handle
        let listener = ListenerInForce(99, name: "gone") { Plain() }
        var ends: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        #expect(socketpair(AF_UNIX, type, 0, &ends) == 0)
        defer { close(ends[1]) }
        // As the lane does that has accepted it.
        var admittance = try harness.lane.admit(.unnamed, to: listener)
        admittance.move(to: handle.connections)
        let identity = Identity(
            number: shared.makeIdentifier(), listener: listener, kind: .unixStream, peer: .unnamed, local: .unnamed,
            accepted: harness.lane.now)
        let stream = Stream(OwnedDescriptor(adopting: ends[0]), .unixStream)
        handle.post(.adopt(SeedParcel(Seed(identity, stream, admittance))))
        harness.run(turns: 2)
        #expect(harness.connections == 0 && shared.connections.value == 0 && listener.connections.value == 0)
        #expect(try harness.ends() == ["drained by operator"])
        var byte: UInt8 = 0
        #expect(recv(ends[1], &byte, 1, CInt(MSG_DONTWAIT)) == 0)
    }

    @Test func `after EMFILE with an empty backlog accept-resumed is logged`() throws {
        // A second connection, and EMFILE when the acceptor looks whether there is a third.
        var wasSeen = false
        for call in 1...20 where !wasSeen {
            let harness = try LaneHarness()
            let socket = try harness.listen(service: Keeper.init)[0]
            let first = try harness.connect(to: socket)
            #expect(harness.run(until: { harness.connections == 1 }))
            let second = try harness.connect(to: socket)
            _ = FaultInjection.failing(call: call, with: EMFILE) { harness.run(turns: 2) }
            let paused = try harness.capturedRecords().contains { $0.event == "accept-paused" }
            guard paused, harness.connections == 2 else { continue }
            wasSeen = true
            #expect(
                harness.run(until: {
                    (try? harness.capturedRecords().contains { $0.event == "accept-resumed" }) == true
                }))
            #expect(!harness.shared.isOutOfResources)
            withExtendedLifetime((first, second)) {}
        }
        #expect(wasSeen, "no call was the accept4(2) that finds nobody")
    }
}

/// Serves nothing, and is closed when it is stopped.
private final class Plain: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession { Worker(seed, lane: lane) }
}

private final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add() { count.add(1, ordering: .relaxed) }
}

/// Says nothing by itself, and takes its leave when it is stopped.
private final class Keeper: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession {
        KeeperWorker(seed, lane: lane)
    }
}

private final class KeeperWorker: Worker {
    override func stop(_ reason: CloseReason, by party: CloseParty) { finish(reason, by: party) }
}
