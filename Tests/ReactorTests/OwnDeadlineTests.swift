// SPDX-License-Identifier: Apache-2.0

import Reactor
import TestSupport
import Testing

@Suite("Deadlines of a connection") struct OwnDeadlineTests {
    @Test("A deadline of the service's own does not put off the listener's")
    func idleTimeoutStays() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(idleTimeout: 50_000_000) { FarSightedService() }[0]
        let peer = try harness.connect(to: socket)
        peer.write("x")
        harness.run(until: { peer.isOver })
        #expect(try harness.ends() == ["idle-timeout by daemon"])
    }
}

/// Wants to be called in an hour, and says so again with each read.
private final class FarSightedService: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession { FarSighted(seed, lane: lane) }

    private final class FarSighted: Worker {
        override func received(_ count: Int) { ownDeadline = lane.now + 3_600_000_000_000 }
    }
}
