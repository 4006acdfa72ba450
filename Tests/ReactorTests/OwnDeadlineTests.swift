// SPDX-License-Identifier: Apache-2.0

import Reactor
import TestSupport
import Testing

@Suite("Deadlines of a connection") struct OwnDeadlineTests {
    @Test("A deadline of the service's own does not put off the listener's")
    func idleTimeoutStays() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: FarSightedService.init) { $0.idleTimeout = 50_000_000 }[0]
        let peer = try harness.connect(to: socket)
        peer.write("x")
        harness.run(until: { peer.isOver })
        #expect(try harness.ends() == ["idle-timeout by daemon"])
    }

    @Test func `the lane sleeps until the next deadline`() throws {
        let harness = try LaneHarness()
        let sleeper = Sleeper()
        harness.add(sleeper)
        harness.lane.schedule(sleeper, at: harness.lane.now + 30_000_000)
        var turns = 0
        while !sleeper.wasWoken {
            harness.lane.turn(waiting: true)
            turns += 1
        }
        #expect(turns <= 2, "epoll_wait(2) is given the time until then")
    }
}

/// Waits for its deadline.
private final class Sleeper: Pollable {
    private(set) var wasWoken = false

    override func deadline(at now: UInt64) -> UInt64? {
        wasWoken = true
        return nil
    }
}

/// Wants to be called in an hour, and says so again with each read.
private final class FarSightedService: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession { FarSighted(seed, lane: lane) }

    private final class FarSighted: Worker {
        override func received(_ count: Int) { ownDeadline = lane.now + 3_600_000_000_000 }
    }
}
