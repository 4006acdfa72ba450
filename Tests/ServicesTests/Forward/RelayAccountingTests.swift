// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records
import TOML
import TestSupport
import Testing

@testable import Relaying
@testable import Services

/// What a relay counts and hands on, on the ways that few connections take.
@Suite struct RelayAccountingTests {
    private func group(
        _ addresses: [String], limit: Int? = nil, _ change: (inout ForwardSettings) -> Void = { _ in }
    ) throws -> UpstreamGroup {
        let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
        let upstreams = try addresses.map {
            var upstream = UpstreamSettings(endpoint: try Endpoint(parsing: $0), origin: origin)
            upstream.maxConnections = limit
            return upstream
        }
        var settings = ForwardSettings(upstreams: upstreams, balance: .first, queueTimeout: .seconds(3600))
        change(&settings)
        return UpstreamGroup(settings, label: ListenerLabel(name: "test", service: "forward"), following: nil)
    }

    /// An address at which nobody listens.
    private func deadAddress() throws -> String { "\(try ReservedPort().address)" }

    @Test(.sameOnBothSides) func `a called client without an upstream passes its place on`() throws {
        let harness = try LaneHarness()
        let upstream = try harness.listen(service: ServiceSettings.echo.factory)[0]
        let group = try group(["tcp://\(upstream.address)"], limit: 1)
        let socket = try harness.listen { ForwardService(group) }[0]
        let served = try harness.connect(to: socket)
        served.write("x")
        #expect(harness.run(until: { served.text == "x" }))
        let waiting = try (0..<3).map { _ in try harness.connect(to: socket) }
        #expect(harness.run(until: { group.queue.length == 3 }))
        // Checks keep it down, and nobody is told: each of those that wait finds out when it is called.
        let checks = UpstreamHealth.Limits.Checks(rise: 1, fall: 1)
        _ = group.members[0].upstream.set(
            UpstreamHealth.Limits(trialTimeout: 1_000_000_000, checks: checks), at: harness.lane.now)
        #expect(group.members[0].upstream.checkFailed(.timedOut, at: harness.lane.now) != nil)
        served.close()
        #expect(harness.run(until: { waiting.allSatisfy(\.isOver) }))
        #expect(group.queue.length == 0)
        let ends = try harness.ends()
        #expect(ends.count { $0 == "connect-failed by upstream" } == 3)
    }

    @Test(.plainOnly) func `a client that has reset when it is accepted reaches no upstream`() throws {
        let harness = try LaneHarness()
        let group = try group([try deadAddress()])
        let client = try harness.connect(to: try harness.listen { ForwardService(group) }[0])
        client.reset()
        #expect(harness.run(until: { (try? harness.ends().count) == 1 }))
        #expect(try harness.ends() == ["reset-by-client by client"])
        #expect(group.members[0].upstream.totals.sum.failed == 0)
    }

    @Test(.plainOnly) func `an upstream and its listener count a relayed connection, with bytes and connect time`()
        throws
    {
        let harness = try LaneHarness()
        let echo = try harness.listen(service: ServiceSettings.echo.factory)[0]
        let group = try group([try deadAddress(), "tcp://\(echo.address)"])
        let client = try harness.connect(to: try harness.listen { ForwardService(group) }[0])
        client.write("hello")
        #expect(harness.run(until: { client.text == "hello" }))
        let (dead, live) = (group.members[0].upstream.totals, group.members[1].upstream.totals)
        #expect(live.sum.ended == 0)
        client.finishWriting()
        #expect(harness.run(until: { client.isOver && harness.connections == 0 }))
        #expect((live.sum.ended, live.sum.bytesIn, live.sum.bytesOut) == (1, 5, 5))
        #expect((live.sum.failed, live.sum.durations.count, live.sum.connectTimes.count) == (0, 1, 1))
        #expect((dead.sum.ended, dead.sum.failed) == (0, 1))
    }

    @Test(arguments: 1...3) func `attempts limits the upstreams that are tried`(attempts: Int) throws {
        let harness = try LaneHarness()
        let group = try group((0..<4).map { _ in try deadAddress() }) { $0.attempts = attempts }
        let client = try harness.connect(to: try harness.listen { ForwardService(group) }[0])
        #expect(harness.run(until: { client.isOver }))
        let close = try #require(try harness.capturedRecords().first { $0.event == "close" })
        #expect(close.end == "connect-failed by upstream" && close.number("attempts") == attempts, "\(close)")
    }

    @Test(.sameOnBothSides) func `a client waits if its last untried upstream is full`() throws {
        let harness = try LaneHarness()
        let echo = try harness.listen(service: ServiceSettings.echo.factory)[0]
        let group = try group([try deadAddress(), "tcp://\(echo.address)"], limit: 1)
        let socket = try harness.listen { ForwardService(group) }[0]
        let served = try harness.connect(to: socket)
        served.write("x")
        #expect(harness.run(until: { served.text == "x" }))
        let waiting = try harness.connect(to: socket)
        waiting.write("y")
        #expect(harness.run(until: { group.queue.length == 1 }))
        served.close()
        #expect(harness.run(until: { waiting.text == "y" }))
    }

    // The upstream is a plain socket of the test, and the header is looked for in its bytes.
    @Test(.plainUpstream, arguments: [SocketKind.tcp, .unixStream])
    func `a PROXY header precedes early data of the client`(kind: SocketKind) throws {
        let harness = try LaneHarness()
        let server = try Server()
        let group = try group(["\(server.address)"]) { $0.sendProxy = .v1 }
        let client = try harness.connect(to: try harness.listen([kind]) { ForwardService(group) }[0])
        client.write("said at once")
        #expect(harness.run(until: { server.hasConnection }))
        let upstream = try server.accept()
        var text = ""
        #expect(
            harness.run(until: {
                text += String(decoding: (try? upstream.receive(flags: CInt(MSG_DONTWAIT))) ?? [], as: UTF8.self)
                return text.hasSuffix("said at once")
            }))
        #expect(text.hasPrefix("PROXY ") && text.hasSuffix("\r\nsaid at once"), "\(text)")
    }

    // The upstream is a plain socket of the test.
    @Test(.plainUpstream) func `bytes that a slow client reads reset idle-timeout`() throws {
        let harness = try LaneHarness()
        let server = try Server()
        let group = try group(["\(server.address)"])
        let socket = try harness.listen([.unixStream]) { ForwardService(group) }[0]
        let peer = try harness.connect(to: socket)
        peer.reads = false
        #expect(harness.run(until: { server.hasConnection }))
        let upstream = try server.accept()
        let relay = try #require(harness.lane.openSessions.first as? RelaySession)
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
