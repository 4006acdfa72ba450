// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Records
import TOML
import TestSupport
import Testing

@testable import Services

/// What a relay counts and hands on, on the ways that few connections take.
@Suite struct RelayAccountingTests {
    private func group(_ address: String, limit: Int? = nil) throws -> UpstreamGroup {
        let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
        var upstream = UpstreamSettings(endpoint: try Endpoint(parsing: address), origin: origin)
        upstream.maxConnections = limit
        let settings = ForwardSettings(upstreams: [upstream], queueTimeout: .seconds(3600))
        return UpstreamGroup(settings, label: ListenerLabel(name: "test", service: "forward"), following: nil)
    }

    @Test func `a client that is called and finds no upstream passes the place on`() throws {
        let harness = try LaneHarness()
        let upstream = try harness.listen(service: ServiceSettings.echo.factory)[0]
        let group = try group("tcp://\(upstream.address)", limit: 1)
        let socket = try harness.listen { ForwardService(group) }[0]
        let served = try harness.connect(to: socket)
        served.write("x")
        #expect(harness.run(until: { served.text == "x" }))
        let waiting = try (0..<3).map { _ in try harness.connect(to: socket) }
        #expect(harness.run(until: { group.line.length == 3 }))
        // Checks keep it down, and nobody is told: each of those that wait finds out when it is called.
        let checks = UpstreamHealth.Limits.Checks(rise: 1, fall: 1)
        _ = group.members[0].upstream.set(
            UpstreamHealth.Limits(trialTimeout: 1_000_000_000, checks: checks), at: harness.lane.now)
        #expect(group.members[0].upstream.checkFailed(.timedOut, at: harness.lane.now) != nil)
        served.close()
        #expect(harness.run(until: { waiting.allSatisfy(\.isOver) }))
        #expect(group.line.length == 0)
        let ends = try harness.ends()
        #expect(ends.count { $0 == "connect-failed by upstream" } == 3)
    }

    @Test func `bytes that a slow client takes are activity`() throws {
        let harness = try LaneHarness()
        let server = try Server()
        let group = try group("\(server.address)")
        let socket = try harness.listen([.unixStream]) { ForwardService(group) }[0]
        let peer = try harness.connect(to: socket)
        peer.reads = false
        #expect(harness.run(until: { server.hasConnection }))
        let upstream = try server.accept()
        let relay = try #require(harness.lane.openConnections.first as? RelayConnection)
        // Little by little, so that the relay has read all when it begins to hold.
        while !relay.toClient.isHolding {
            try upstream.send([UInt8](repeating: 7, count: 4096))
            harness.settle()
        }
        let before = relay.lastActivity
        harness.settle()
        #expect(relay.lastActivity == before, "nothing moves")
        peer.reads = true
        #expect(harness.run(until: { !relay.toClient.isHolding }))
        #expect(relay.lastActivity > before)
        upstream.close()
    }
}
