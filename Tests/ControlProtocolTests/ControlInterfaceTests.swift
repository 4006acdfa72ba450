// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ControlProtocol

@Suite struct ControlInterfaceTests {
    private static let own = Result { try InterfaceText(ControlInterface.description) }

    /// What only the daemon writes: results with records.
    private struct EventsReply: Encodable, Sendable {
        let records = [VarlinkReply.Empty()]
        let lines = ["a"]
        let missed = 2
    }

    private struct HistoryReply: Encodable, Sendable {
        let records = [VarlinkReply.Empty()]
        let capacity = 1
    }

    private static var historyFilter: HistoryFilter {
        var filter = HistoryFilter()
        filter.listener = "a"
        filter.service = "b"
        filter.peer = "c"
        filter.upstream = "d"
        filter.reason = "e"
        filter.refused = true
        return filter
    }

    private static func object(_ value: some Encodable) throws -> Any {
        var bytes: [UInt8] = []
        JSONText.append(value, to: &bytes)
        return try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    }

    @Test func `the descriptions follow the grammar`() throws {
        let own = try Self.own.get()
        #expect(own.name == ControlInterface.name)
        #expect(own.dangling == [])
        let service = try InterfaceText(ControlInterface.serviceDescription)
        #expect(service.name == ControlInterface.serviceName)
        #expect(service.methods.keys.sorted() == ["GetInfo", "GetInterfaceDescription"])
    }

    @Test(arguments: [
        "interface a.b\ntype x (a: int)", "interface a.b\ntype X (a: int, a: int)", "interface a.b\nmethod X() ->",
        "interface a.b\nmethod X(a: (b: int)) -> ()", "interface a.b\ntype X (a-b: int)", "interface a\n",
        "interface a.b\ntype X (a: ?[int)", "interface a.b\ntype X ()\ntype X ()",
    ])
    func `the grammar notices mistakes`(text: String) {
        #expect(throws: InterfaceText.Malformed.self) { try InterfaceText(text) }
    }

    @Test func `the installed file is what is served`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../packaging/\(ControlInterface.fileName)")
        #expect(try String(contentsOf: file, encoding: .utf8) == ControlInterface.description)
    }

    @Test func `the methods and errors are those of the description`() throws {
        let own = try Self.own.get()
        #expect(own.methods.keys.sorted() == ControlMethod.allCases.map(\.rawValue).sorted())
        let prefix = "\(ControlInterface.name)."
        let errors = VarlinkReplyTests.errors.map(\.name).filter { $0.hasPrefix(prefix) }.map {
            String($0.dropFirst(prefix.count))
        }
        #expect(own.errors.keys.sorted() == errors.sorted())
    }

    /// With everything in it.
    @Test func `what is returned has the types of the description`() throws {
        let own = try Self.own.get()
        let spread = DurationSpread(count: 3, p50: 1, p90: 2, p99: 3)
        var daemon = DaemonStatus(
            version: "1", pid: 2, started: 3, configuration: "/c", loaded: 4,
            reload: ReloadOutcome(time: 5, reason: "x"),
            state: .serving, connections: 6, peak: 7, limit: 8,
            lanes: [LaneStatus(number: 0, connections: 6, turns: spread)])
        daemon.logLevel = "debug"
        var upstream = UpstreamStatus(address: "tcp://127.0.0.1:1")
        upstream.limit = 3
        upstream.withdrawal = .draining
        upstream.configuredWeight = 2
        upstream.connectTimes = spread
        upstream.lastFailure = UpstreamFailureStatus(time: 1, attempt: .check, errno: "ECONNREFUSED", reason: "no")
        upstream.outage = OutageStatus(since: 1, attempt: .connection, failures: 3, reason: "no", retryMicroseconds: 2)
        var listener = ListenerStatus(name: "a", service: "forward", state: .waiting)
        listener.waitsFor = ["can0 down"]
        listener.addresses = ["tcp://[::]:1"]
        listener.limit = 5
        listener.refused = [NamedCount(name: "listener.max-connections", count: 9)]
        listener.datagrams = DatagramCounts(received: 1, sent: 2, dropped: 3)
        listener.durations = spread
        listener.queue = QueueStatus(length: 1, limit: 2)
        listener.upstreams = [upstream]
        var connection = ConnectionStatus(
            number: 1, listener: "a", service: "echo", peer: "p", local: "l", lane: 0, accepted: 1,
            durationMicroseconds: 2,
            idleMicroseconds: 3, bytesIn: 4, bytesOut: .max)
        connection.via = "v"
        connection.upstream = "u"
        (connection.uid, connection.gid, connection.pid) = (1, 2, 3)
        connection.datagrams = listener.datagrams
        connection.rttMicroseconds = 1
        let setting = Setting(
            section: "listener.a.to", index: 0, key: "weight", value: "3", origin: .inherited, file: "/f", line: 1)
        let change = SettingChange(upstream: "u", old: setting, new: setting)
        var planned = ListenerChange(name: "a", change: .removed, connections: 1)
        planned.drainMicroseconds = 1
        (planned.opens, planned.closes, planned.waitsFor, planned.settings) = (["o"], ["c"], ["w"], [change])
        var verdict = Verdict(listener: "a", service: "forward", outcome: .refused)
        (verdict.refusal, verdict.reason, verdict.addresses, verdict.limit) = ("paused", "r", ["tcp://[::]:1"], 2)
        (verdict.balance, verdict.upstream, verdict.upstreams) = ("first", "u", [upstream])
        let results: [(ControlMethod, any Encodable & Sendable)] = [
            (.status, ControlResults.Status(daemon: daemon, listeners: [listener])),
            (.connections, ControlResults.Connections(connections: [connection], count: 1)),
            (.config, ControlResults.Config(settings: [setting])),
            (.planReload, ControlResults.PlanReload(settings: [change], listeners: [planned])),
            (.explain, ControlResults.Explain(connections: 1, limit: 2, verdicts: [verdict])),
            (.close, ControlResults.Count(count: 1)), (.pause, VarlinkReply.Empty()), (.resume, VarlinkReply.Empty()),
            (.show, ControlResults.Show(connection: connection, detail: .complete)),
            (.drain, ControlResults.Drain(outcome: .drained, ended: 1, closed: 2, left: 0)),
            (.setUpstream, VarlinkReply.Empty()), (.resetUpstream, ControlResults.Count(count: 1)),
            (.reload, VarlinkReply.Empty()), (.reopen, VarlinkReply.Empty()),
            (.events, EventsReply()), (.history, HistoryReply()),
            (.logLevel, ControlResults.LogLevel(level: .debug, configured: .info)),
            (.setLogLevel, VarlinkReply.Empty()),
        ]
        #expect(Set(results.map(\.0)) == Set(ControlMethod.allCases))
        for (method, value) in results {
            let members = try #require(own.methods[method.rawValue]).results
            #expect(own.mistake(in: try Self.object(value), as: .members(members), at: method.rawValue) == nil)
        }
        #expect(own.mistake(in: ["count": "1"], as: .members([.init(name: "count", kind: .int)]), at: "x") != nil)
    }

    @Test func `what a client sends has the types of the description`() throws {
        let own = try Self.own.get()
        var filter = ConnectionFilter()
        filter.numbers = [1]
        filter.listener = "a"
        filter.service = "b"
        filter.peer = "c"
        filter.upstream = "d"
        filter.olderMicroseconds = 1
        filter.idleMicroseconds = 2
        let parameters: [(ControlMethod, any Encodable & Sendable)] = [
            (.status, ControlParameters.Status(listener: "a")),
            (.connections, ControlParameters.Connections(filter: filter, order: .age, limit: 1)),
            (.config, ControlParameters.Config(listener: "a")),
            (.show, ControlParameters.Connection(number: 1)),
            (.explain, ControlParameters.Explain(address: "::1", listener: "a")),
            (.close, ControlParameters.Close(filter: filter, dryRun: true)),
            (.pause, ControlParameters.Listener(listener: "a")),
            (.resume, ControlParameters.Listener(listener: "a")), (.reload, ControlParameters.None()),
            (.planReload, ControlParameters.None()), (.reopen, ControlParameters.None()),
            (
                .drain, ControlParameters.Drain(listener: "a", timeoutMicroseconds: 1, overMicroseconds: 2)
            ),
            (
                .setUpstream,
                ControlParameters.SetUpstream(listener: "a", upstream: "b", state: .draining, weight: 3)
            ),
            (.resetUpstream, ControlParameters.ResetUpstream(listener: "a", upstream: "b")),
            (.events, ControlParameters.Events(listener: "a", events: ["close"], level: .error, text: true)),
            (.history, ControlParameters.History(filter: Self.historyFilter, limit: 1)),
            (.logLevel, ControlParameters.None()), (.setLogLevel, ControlParameters.SetLogLevel(level: .notice)),
        ]
        #expect(Set(parameters.map(\.0)) == Set(ControlMethod.allCases))
        for (method, value) in parameters {
            let members = try #require(own.methods[method.rawValue]).parameters
            let object = try Self.object(value)
            #expect(own.mistake(in: object, as: .members(members), at: method.rawValue) == nil)
            #expect((object as? [String: Any])?.count == members.count, "\(method) has members that are not sent")
        }
    }
}
