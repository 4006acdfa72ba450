// SPDX-License-Identifier: Apache-2.0

import Records
import TestSupport
import Testing

@testable import Reactor

struct AdmissionTests {
    @Test func `an ended connection is no longer counted, and a refused one never is`() throws {
        let (daemon, listener, lane) = (ConnectionCount(), ConnectionCount(), ConnectionCount())
        do {
            var admittance = try Admittance(daemon: daemon, limit: 2, listener: listener, limit: 1)
            admittance.move(to: lane)
            #expect([daemon.value, listener.value, lane.value] == [1, 1, 1])
            #expect(throws: Refusal.listenerLimit(1)) {
                _ = try Admittance(daemon: daemon, limit: 2, listener: listener, limit: 1)
            }
            #expect(throws: Refusal.daemonLimit(1)) {
                _ = try Admittance(daemon: daemon, limit: 1, listener: listener, limit: nil)
            }
            #expect([daemon.value, listener.value, lane.value] == [1, 1, 1])
            let other = ConnectionCount()
            admittance.move(to: other)
            #expect([lane.value, other.value] == [0, 1])
        }
        #expect([daemon.value, listener.value, lane.value] == [0, 0, 0])
    }

    @Test func `a flood of refused connections writes ten records and one for the rest`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: Quiet.init) { $0.maxConnections = 1 }[0]
        let first = try harness.connect(to: socket)
        #expect(harness.run(until: { harness.connections == 1 }))
        let peers = try (0..<30).map { _ in try harness.connect(to: socket) }
        #expect(harness.run(until: { peers.allSatisfy { $0.isOver } }))
        let before = try harness.capturedRecords().filter { $0.event == "refused" }
        #expect(before.count == 10)
        // What a lane does at its end.
        harness.lane.recordCountedRefusals()
        let shared = try #require(try harness.capturedRecords().last { $0.event == "refused" })
        #expect(shared.number("count") == 20)
        #expect(shared["rule"] == "listener.max-connections")
        #expect(shared["message"] == "refused 20 more connections: max-connections of the listener (1)")
        #expect(shared["from"] != nil && shared["until"] != nil)
        _ = first
    }
}

/// Keeps every connection.
private final class Quiet: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession { Worker(seed, lane: lane) }
}
