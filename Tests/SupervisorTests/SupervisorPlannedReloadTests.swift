// SPDX-License-Identifier: Apache-2.0

import Configuration
import ControlProtocol
import Dispatch
import Foundation
import HostAccess
import Services
import Synchronization
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem
@testable import Supervisor

/// What a reload would do: the same as it then does, and until then nothing.
@Suite struct SupervisorPlannedReloadTests {
    private static func echo(_ name: String, _ listen: String, _ more: String = "") -> String {
        "[listener.\(name)]\nlisten = \"\(listen)\"\nservice = \"echo\"\n\(more)\n"
    }

    private func client(_ daemon: SupervisorHarness) throws -> Client {
        try Client(ServerAddress(.unix(path: daemon.directory.appending("control"))))
    }

    private func send(_ method: String, to client: Client) throws {
        try client.send("{\"method\":\"io.usher.control.\(method)\"}\0")
    }

    private func reply<Results: Decodable>(from client: Client, as type: Results.Type) throws -> Results {
        var bytes: [UInt8] = []
        while bytes.last != 0 {
            let more = try client.receive(atMost: 1)
            guard !more.isEmpty else { throw POSIXFailure("the control client was disconnected", EPIPE) }
            bytes += more
        }
        return try ReceivedReply<Results>(bytes.dropLast()).parameters
    }

    private func plan(_ daemon: SupervisorHarness) throws -> ControlResults.PlanReload {
        let client = try client(daemon)
        try send("PlanReload", to: client)
        return try reply(from: client, as: ControlResults.PlanReload.self)
    }

    /// Why a plan, and then the reload itself, fails.
    private func failures(_ daemon: SupervisorHarness) throws -> (plan: String, reload: String) {
        let reasons = try ["PlanReload", "Reload"].map { method in
            let client = try client(daemon)
            try send(method, to: client)
            let error = try #require(throws: VarlinkError.self) { try reply(from: client, as: VarlinkReply.Empty.self) }
            guard case .reloadFailed(let reason) = error else { throw error }
            return reason
        }
        return (reasons[0], reasons[1])
    }

    @Test func `a plan has what the reload then does, and changes nothing itself`() throws {
        let kept = Self.echo("kept", "tcp://127.0.0.1:0")
        let daemon = try SupervisorHarness(
            kept + Self.echo("changed", "unix://DIR/changed") + Self.echo("moved", "unix://DIR/old")
                + Self.echo("gone", "tcp://127.0.0.1:0"), daemon: "drain-timeout = \"1m\"")
        defer { daemon.end() }
        let clients = try ["kept", "changed", "gone", "gone"].map { try Client(daemon.address($0)) }
        for client in clients { #expect(try echoes(client)) }
        try daemon.write(
            kept + Self.echo("changed", "unix://DIR/changed", "idle-timeout = \"1h\"")
                + Self.echo("moved", "unix://DIR/new") + Self.echo("new", "tcp://127.0.0.1:0"),
            daemon: "drain-timeout = \"2m\"")
        let files = { try FileManager.default.contentsOfDirectory(atPath: daemon.directory.path).sorted() }
        let sockets = { try daemon.onQueue { $0.listeners.values.flatMap { $0.sockets.map(\.socket.raw) }.sorted() } }
        let before = (try files(), try sockets())
        let plan = try plan(daemon)
        #expect(try files() == before.0 && sockets() == before.1)
        #expect(daemon.records().allSatisfy { $0.event != "reload" })
        #expect(plan.listeners.map(\.name) == ["kept", "changed", "moved", "new", "gone"])
        #expect(plan.listeners.map(\.change) == [.unchanged, .changed, .rebound, .added, .removed])
        #expect(plan.listeners.map(\.connections) == [1, 1, 0, 0, 2])
        #expect(plan.listeners.map(\.drainMicroseconds) == [nil, nil, nil, nil, 120_000_000])
        #expect(plan.settings.map { $0.new?.key } == ["drain-timeout"])
        #expect(plan.settings.map { $0.old?.value } == ["\"1m\""])
        #expect(plan.listeners[0].settings.isEmpty)
        #expect(plan.listeners[1].settings.map { [$0.old?.value, $0.new?.value] } == [["false", "\"1h\""]])
        #expect(plan.listeners[2].opens == ["unix://\(daemon.directory.path)/new"])
        #expect(plan.listeners[2].closes == ["unix://\(daemon.directory.path)/old"])
        #expect(plan.listeners[3].opens == ["tcp://127.0.0.1:0"])
        #expect(plan.listeners[3].settings.map { $0.new?.key } == ["listen", "service"])
        #expect(plan.listeners[4].closes == [try daemon.address("gone").description])
        try daemon.reload()
        let done = try #require(daemon.records("reload", atLeast: 1).first)
        let counts = Dictionary(grouping: plan.listeners, by: \.change).mapValues(\.count)
        let words = [ListenerChange.Kind.added, .removed, .rebound, .changed, .unchanged].compactMap { change in
            counts[change].map { "\($0) \(change.rawValue)" }
        }
        #expect(done["message"] == "configuration reloaded: \(words.joined(separator: ", "))")
        let again = try self.plan(daemon)
        #expect(again.settings.isEmpty && again.listeners.allSatisfy { $0.change == .unchanged })
    }

    @Test func `a plan fails as the reload does`() throws {
        let daemon = try SupervisorHarness(Self.echo("a", "tcp://127.0.0.1:0"))
        defer { daemon.end() }
        let busy = try ListeningSocket(
            kind: .tcp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions())
        let live = daemon.directory.appending("live")
        let other = try ListeningSocket(
            kind: .unixStream, address: .unix(path: Array(live.utf8)), dualStack: false, options: ListeningOptions())
        defer { withExtendedLifetime(other) {} }
        try daemon.directory.write("", to: "file")
        for listen in [
            "tcp://127.0.0.1:\(busy.address.port ?? 0)", "tcp://*:\(busy.address.port ?? 0)", "unix://DIR/live",
            "unix://DIR/file", "systemd://none",
        ] {
            try daemon.write(Self.echo("a", "tcp://127.0.0.1:0") + Self.echo("b", listen))
            let (plan, reload) = try failures(daemon)
            #expect(plan == reload, "\(listen)")
        }
        try daemon.write(Self.echo("a", "tcp://127.0.0.1:0"), lanes: "3")
        #expect(try failures(daemon).plan == failures(daemon).reload)
        try daemon.write(Self.echo("a", "tcp://127.0.0.1:0", "nonsense = 1\nlifetime = 1"))
        #expect(try failures(daemon).plan == failures(daemon).reload)
    }

    @Test func `a directory that is missing makes a plan fail, and no file is made`() throws {
        let daemon = try SupervisorHarness(Self.echo("a", "tcp://127.0.0.1:0"))
        defer { daemon.end() }
        try daemon.write(Self.echo("a", "tcp://127.0.0.1:0") + Self.echo("b", "unix://DIR/none/b"))
        let (plan, reload) = try failures(daemon)
        #expect(plan.contains("/none") && reload.contains("No such file or directory"), "\(plan)")
        let log =
            "[log]\nto = [\"file:DIR/log\", \"file:DIR/none/log\"]\nformat = \"json\"\nlevel = \"debug\"\n"
        try daemon.write(Self.echo("a", "tcp://127.0.0.1:0"), log: log)
        #expect(try failures(daemon).plan.contains("/none"))
        try daemon.write(
            Self.echo("a", "tcp://127.0.0.1:0"), log: log.replacing("none/log", with: "second"))
        let planned = try self.plan(daemon)
        #expect(planned.settings.map { $0.new?.key } == ["to"])
        #expect(!FileManager.default.fileExists(atPath: daemon.directory.appending("second")))
    }

    @Test func `an address that the daemon itself uses, or that is stale, is no obstacle`() throws {
        let daemon = try SupervisorHarness(Self.echo("a", "tcp://127.0.0.1:0"))
        defer { daemon.end() }
        let port = try daemon.onQueue { $0.listeners["a"]?.sockets.first?.socket.address.port } ?? 0
        let path = daemon.directory.appending("stale")
        try ListeningSocket(
            kind: .unixStream, address: .unix(path: Array(path.utf8)), dualStack: false, options: ListeningOptions()
        ).die()
        try daemon.write(Self.echo("a", "tcp://*:\(port)") + Self.echo("b", "unix://DIR/stale"))
        #expect(try plan(daemon).listeners.map(\.change) == [.rebound, .added])
        #expect(FileManager.default.fileExists(atPath: path), "it was not removed")
        #expect(try echoes(Client(daemon.address("a"))))
        try daemon.reload()
        #expect(try daemon.onQueue { $0.listeners.count } == 2)
    }

    @Test func `an interface or address that this host lacks is waited for, not an error`() throws {
        let daemon = try SupervisorHarness(Self.echo("a", "tcp://127.0.0.1:0"))
        defer { daemon.end() }
        try daemon.write(Self.echo("a", "tcp://127.0.0.1:0") + Self.echo("b", "tcp://192.0.2.99:7"))
        let plan = try plan(daemon)
        #expect(plan.listeners.last?.waitsFor == ["192.0.2.99 missing"] && plan.listeners.last?.opens == [])
    }

    // MARK: - At the same time

    /// Reads configurations as slowly as a test wants.
    private final class SlowReading: Sendable {
        private let begun = Mutex(0)
        private let mayEnd = DispatchSemaphore(value: 0)

        /// How many readings have begun.
        var count: Int { begun.withLock { $0 } }

        func read(_ path: String) -> ConfigurationLoader.Outcome {
            begun.withLock { $0 += 1 }
            mayEnd.wait()
            return Configuration.load(path: path, services: ServiceDescriptor.schemas, host: SystemHostLookup())
        }

        func letEnd() { mayEnd.signal() }
    }

    @Test func `plans and reloads at the same time are all answered`() throws {
        let reading = SlowReading()
        let daemon = try SupervisorHarness(
            Self.echo("a", "tcp://127.0.0.1:0"), reading: .init(read: { reading.read($0) }))
        defer { daemon.end() }
        let first = try client(daemon)
        try send("PlanReload", to: first)
        try waitUntil("the plan is begun") { reading.count == 1 }
        try daemon.onQueue { $0.received(signal: SIGHUP) }
        try waitUntil("the reload is begun") { reading.count == 2 }
        let others = try (0..<3).map { _ in try client(daemon) }
        for other in others { try send("PlanReload", to: other) }
        try waitUntil("they wait") { try daemon.onQueue { $0.nextPlanCallers.count == 3 } }
        // One for the plan, one for the reload, one if the reload ended first, one for those that wait.
        for _ in 0..<4 { reading.letEnd() }
        for client in [first] + others {
            let plan = try reply(from: client, as: ControlResults.PlanReload.self)
            #expect(plan.listeners.map(\.change) == [.unchanged])
        }
        try daemon.records("reload", atLeast: 1)
        #expect(try daemon.onQueue { $0.planCallers.isEmpty && $0.nextPlanCallers.isEmpty && !$0.isLoading })
    }

    @Test func `a plan that a stop overtakes is refused`() throws {
        let reading = SlowReading()
        let daemon = try SupervisorHarness(
            Self.echo("a", "tcp://127.0.0.1:0"), reading: .init(read: { reading.read($0) }))
        defer { daemon.end() }
        let served = try Client(daemon.address("a"))
        #expect(try echoes(served))
        let clients = try (0..<2).map { _ in try client(daemon) }
        try send("PlanReload", to: clients[0])
        try waitUntil("the plan is begun") { reading.count == 1 }
        try send("PlanReload", to: clients[1])
        try waitUntil("the other waits") { try daemon.onQueue { $0.nextPlanCallers.count == 1 } }
        try daemon.stop()
        reading.letEnd()
        for client in clients {
            #expect(throws: VarlinkError.stopping) { try reply(from: client, as: VarlinkReply.Empty.self) }
        }
    }
}
