// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Policy
import Records
import TestSupport
import Testing

@testable import Reactor

private final class WaitingService: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession { Worker(seed, lane: lane) }
    func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow? { Flow(flow: seed, lane: lane) }
}

/// A listener that an operator has paused.
struct PauseTests {
    /// Sets whether the first listener of a harness is paused.
    private func setPaused(_ isPaused: Bool, _ harness: LaneHarness) {
        for listener in harness.lane.listeners.values { listener.current.state.isPaused = isPaused }
        for identifier in harness.lane.listenerIdentifiers { harness.lane.followPause(of: identifier) }
    }

    @Test func `connections wait in the backlog until the listener is resumed`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: WaitingService.init)[0]
        let before = try harness.connect(to: socket)
        #expect(harness.run(until: { harness.connections == 1 }))
        setPaused(true, harness)
        setPaused(true, harness)
        let clients = try (0..<3).map { _ in try harness.connect(to: socket) }
        harness.run(turns: 20)
        #expect(harness.connections == 1 && !before.isOver)
        setPaused(false, harness)
        #expect(harness.run(until: { harness.connections == 4 }))
        #expect(clients.allSatisfy { !$0.isOver })
    }

    @Test func `a paused listener that is removed serves its backlog first`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: WaitingService.init)[0]
        setPaused(true, harness)
        let client = try harness.connect(to: socket)
        harness.run(turns: 5)
        #expect(harness.connections == 0)
        harness.lane.stopAccepting(harness.lane.listenerIdentifiers[0])
        #expect(harness.run(until: { harness.connections == 1 }))
        client.close()
    }

    @Test func `a socket that a reload adds to a paused listener waits too`() throws {
        let harness = try LaneHarness()
        try harness.listen(service: WaitingService.init)
        setPaused(true, harness)
        let other = try ListeningSocket(
            kind: .tcp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions(backlog: 16))
        let listener = try #require(harness.lane.listeners.values.first)
        harness.lane.update(listener.current, sockets: [other], keepsService: true)
        let client = try harness.connect(to: other)
        harness.run(turns: 20)
        #expect(harness.connections == 0)
        setPaused(false, harness)
        #expect(harness.run(until: { harness.connections == 1 }))
        client.close()
    }

    @Test(arguments: [true, false])
    func `a pause and a shortage end each for itself`(pauseEndsFirst: Bool) throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: WaitingService.init)[0]
        let client = try harness.connect(to: socket)
        #expect(FaultInjection.failing(call: 1, with: EMFILE) { harness.run(turns: 1) })
        setPaused(true, harness)
        if pauseEndsFirst {
            setPaused(false, harness)
        } else {
            harness.lane.resumeAccepting()
            harness.run(turns: 20)
            #expect(harness.connections == 0)
            setPaused(false, harness)
        }
        #expect(harness.run(until: { harness.connections == 1 }))
        client.close()
    }

    @Test func `new flows are refused, and those that are open continue`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: WaitingService.init)[0]
        let (old, new) = (try DatagramPeer("127.0.0.1"), try DatagramPeer("127.0.0.1"))
        try old.send("1", to: socket)
        #expect(harness.run(until: { harness.connections == 1 }))
        setPaused(true, harness)
        try old.send("2", to: socket)
        try new.send("3", to: socket)
        let state = try #require(harness.lane.listeners.values.first).current.state
        #expect(harness.run(until: { state.totals.sum.refused(.paused) == 1 }))
        #expect(harness.connections == 1)
        let lost = try harness.capturedRecords().first { $0.event == "refused" }
        #expect(lost?["message"]?.contains("paused by an operator") == true, "\(lost?["message"] ?? "")")
        setPaused(false, harness)
        try new.send("4", to: socket)
        #expect(harness.run(until: { harness.connections == 2 }))
    }
}
