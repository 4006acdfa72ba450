// SPDX-License-Identifier: Apache-2.0

import Addresses
import ControlProtocol
import Foundation
import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import Supervisor

/// The control socket of a supervisor with real lanes.
@Suite struct SupervisorControlTests {
    private static let echo = "[listener.echo]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n"

    /// A client of the control socket at a path in the directory.
    private func client(_ daemon: SupervisorHarness, _ name: String = "control") throws -> Client {
        try Client(ServerAddress(.unix(path: daemon.directory.appending(name))))
    }

    /// Sends a call.
    private func send(_ method: String, _ parameters: String = "{}", to client: Client) throws {
        try client.send("{\"method\":\"io.usher.control.\(method)\",\"parameters\":\(parameters)}\0")
    }

    /// The next reply.
    private func reply<Parameters: Decodable>(
        from client: Client, as type: Parameters.Type = VarlinkReply.Empty.self
    ) throws -> Parameters {
        var bytes: [UInt8] = []
        while bytes.last != 0 {
            let more = try client.receive(atMost: 1)
            guard !more.isEmpty else { throw POSIXFailure("the control client was disconnected", EPIPE) }
            bytes += more
        }
        return try ReceivedReply<Parameters>(bytes.dropLast()).parameters
    }

    private func status(_ daemon: SupervisorHarness, of name: String? = nil) throws -> ControlResults.Status {
        let client = try client(daemon)
        try send("Status", name.map { "{\"listener\":\"\($0)\"}" } ?? "{}", to: client)
        return try reply(from: client, as: ControlResults.Status.self)
    }

    // MARK: - Status

    @Test func `the status has the daemon, its lanes and its listeners`() throws {
        let daemon = try SupervisorHarness(
            Self.echo + "[listener.front]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"forward\"\nmax-connections = 7\n"
                + "to = [{ address = \"unix:///nowhere\", weight = 3 }, { address = \"tcp://127.0.0.1:1\", backup = true }]\n"
        )
        defer { daemon.end() }
        let clients = try (0..<3).map { _ in try Client(daemon.address("echo")) }
        for client in clients { #expect(try echoes(client)) }
        let status = try status(daemon)
        #expect(status.daemon.state == .serving && status.daemon.connections == 3 && status.daemon.pid == getpid())
        #expect(status.daemon.lanes.count == 2 && status.daemon.lanes.reduce(0) { $0 + $1.connections } == 3)
        #expect(status.daemon.reload == nil && status.daemon.started <= status.daemon.loaded)
        #expect(status.listeners.map(\.name) == ["echo", "front"])
        let echo = status.listeners[0]
        #expect((echo.connections, echo.peak, echo.total, echo.bytesIn, echo.bytesOut) == (3, 3, 3, 18, 18))
        #expect(echo.addresses == ["tcp://127.0.0.1:\(try daemon.address("echo").port)"] && echo.state == .listening)
        let front = status.listeners[1]
        #expect(front.limit == 7 && front.upstreams.map(\.weight) == [3, 1])
        #expect(front.upstreams.map(\.backup) == [false, true] && front.upstreams.allSatisfy { $0.state == .up })
        let one = try self.status(daemon, of: "front")
        #expect(one.listeners == [front])
        #expect(throws: VarlinkError.noSuchListener("x")) { try self.status(daemon, of: "x") }
    }

    @Test func `a removed listener is shown until its last connection has ended`() throws {
        let daemon = try SupervisorHarness(Self.echo + Self.echo.replacing("echo]", with: "old]"))
        defer { daemon.end() }
        let client = try Client(daemon.address("old"))
        #expect(try echoes(client))
        try daemon.reload(Self.echo)
        let old = try #require(try status(daemon).listeners.last)
        #expect(old.name == "old" && old.state == .draining && old.connections == 1 && old.bytesIn == 6)
        client.close()
        try waitUntil("it is gone") { try status(daemon).listeners.map(\.name) == ["echo"] }
    }

    // MARK: - Pause

    @Test func `a pause outlives a reload, and the status line shows it`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let client = try client(daemon)
        try send("Pause", "{\"listener\":\"echo\"}", to: client)
        _ = try reply(from: client)
        try daemon.reload(Self.echo + "max-connections = 5\n")
        #expect(try status(daemon).listeners.first?.state == .paused)
        #expect(try daemon.onQueue { $0.statusLine.text }.hasPrefix("0 of 1 listener (echo: paused)"))
        let waiting = try Client(daemon.address("echo"))
        try waiting.send("hello\n")
        try send("Resume", "{\"listener\":\"echo\"}", to: client)
        _ = try reply(from: client)
        #expect(try waiting.receive(exactly: 6) == Array("hello\n".utf8))
        #expect(try status(daemon).listeners.first?.state == .listening)
        let asked = try daemon.records("operator", atLeast: 2)
        #expect(
            asked.map { $0["message"]?.split(separator: ": ").last.map(String.init) } == ["pause echo", "resume echo"])
        #expect(asked.allSatisfy { $0.number("uid") == Int(geteuid()) && $0.number("pid") == Int(getpid()) })
        try send("Pause", "{\"listener\":\"x\"}", to: client)
        #expect(throws: VarlinkError.noSuchListener("x")) { try reply(from: client) }
    }

    // MARK: - Configuration

    @Test func `the configuration in force stays shown after a reload that failed`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let client = try client(daemon)
        func config(_ parameters: String = "{}") throws -> [Setting] {
            try send("Config", parameters, to: client)
            return try reply(from: client, as: ControlResults.Config.self).settings
        }
        let before = try config("{\"listener\":\"echo\"}")
        #expect(before.first { $0.key == "service" }?.value == "\"echo\"")
        try daemon.write(Self.echo + "idle-timeout = \"x\"\n")
        try send("Reload", to: client)
        #expect(throws: VarlinkError.self) { try reply(from: client) }
        #expect(try config("{\"listener\":\"echo\"}") == before)
        try daemon.write(Self.echo + "idle-timeout = \"5s\"\n")
        try send("Reload", to: client)
        _ = try reply(from: client)
        let after = try config().filter { $0.section == "listener.echo" }
        #expect(after.first { $0.key == "idle-timeout" }?.value == "\"5s\"")
        #expect(after.first { $0.key == "idle-timeout" }?.origin == .written)
        try send("Config", "{\"listener\":\"x\"}", to: client)
        #expect(throws: VarlinkError.noSuchListener("x")) { try reply(from: client) }
    }

    // MARK: - Upstreams

    private static func front(_ upstreams: String) -> String {
        "[listener.front]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"forward\"\nto = [\(upstreams)]\n"
    }

    private func set(_ members: String, _ upstream: String = "127.0.0.1:1", on client: Client) throws {
        try send("SetUpstream", "{\"listener\":\"front\",\"upstream\":\"\(upstream)\",\(members)}", to: client)
        _ = try reply(from: client)
    }

    @Test func `what is set for an upstream outlives a reload that keeps the upstream`() throws {
        let (a, b) = ("\"tcp://127.0.0.1:1\"", "\"tcp://127.0.0.1:2\"")
        let daemon = try SupervisorHarness(Self.front("\(a), \(b)"))
        defer { daemon.end() }
        let client = try client(daemon)
        try set("\"state\":\"draining\",\"weight\":9", on: client)
        #expect(
            try daemon.onQueue { $0.statusLine.text }
                == "1 listener, 0 connections, 1 of 2 upstreams of front drained or disabled")
        try daemon.reload(Self.front("\(b), { address = \(a), weight = 3 }"))
        let upstream = try #require(try status(daemon).listeners.first?.upstreams.last)
        #expect(upstream.withdrawal == .draining && upstream.weight == 9 && upstream.configuredWeight == 3)
        try daemon.reload(Self.front(b))
        let dropped = try daemon.records("warning").first
        #expect(dropped?["upstream"] == "tcp://127.0.0.1:1" && dropped?["listener"] == "front")
        try daemon.reload(Self.front("\(b), \(a)"))
        #expect(
            try status(daemon).listeners.first?.upstreams.allSatisfy { $0.withdrawal == nil && $0.weight == 1 } == true)
        try set("\"state\":\"disabled\"", "tcp://127.0.0.1:2", on: client)
        try send("ResetUpstream", "{\"listener\":\"front\"}", to: client)
        #expect(try reply(from: client, as: ControlResults.Count.self).count == 1)
        #expect(daemon.records().count { $0.event == "warning" } == 1)
    }

    @Test func `an unknown listener or upstream is named in the error`() throws {
        let daemon = try SupervisorHarness(Self.echo + Self.front("\"tcp://127.0.0.1:1\""))
        defer { daemon.end() }
        let client = try client(daemon)
        for method in ["SetUpstream", "ResetUpstream"] {
            for (listener, error) in [
                ("x", VarlinkError.noSuchListener("x")), ("echo", .noSuchUpstream("u", of: "echo")),
                ("front", .noSuchUpstream("u", of: "front")),
            ] {
                let state = method == "SetUpstream" ? ",\"state\":\"enabled\"" : ""
                try send(method, "{\"listener\":\"\(listener)\",\"upstream\":\"u\"\(state)}", to: client)
                #expect(throws: error) { try reply(from: client) }
            }
        }
    }

    // MARK: - Reload

    @Test func `a reload answers when the new configuration is in force, or says why it is not`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let client = try client(daemon)
        try daemon.write(Self.echo + Self.echo.replacing("echo]", with: "other]"))
        try send("Reload", to: client)
        _ = try reply(from: client)
        #expect(try daemon.onQueue { $0.listeners.count } == 2)
        let busy = try ListeningSocket(
            kind: .tcp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions())
        let port = busy.address.port ?? 0
        try daemon.write("[listener.echo]\nlisten = \"tcp://127.0.0.1:\(port)\"\nservice = \"echo\"\n")
        try send("Reload", to: client)
        let failure = try #require(throws: VarlinkError.self) { try reply(from: client) }
        guard case .reloadFailed(let reason) = failure else { throw failure }
        #expect(reason.contains("EADDRINUSE"), "\(reason)")
        #expect(try status(daemon).daemon.reload?.reason == reason)
    }

    @Test func `a reload of a wrong configuration answers with every mistake`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let client = try client(daemon)
        try daemon.write("[listener.echo]\nlistn = 1\nservice = \"ecko\"\n")
        try send("Reload", to: client)
        let failure = try #require(throws: VarlinkError.self) { try reply(from: client) }
        guard case .reloadFailed(let reason) = failure else { throw failure }
        let path = daemon.directory.appending("usherd.toml")
        #expect(reason.split(separator: "\n").count { $0.hasPrefix(path) } == 3, "\(reason)")
        #expect(reason.contains("help: ") && reason.contains("`ecko`"))
    }

    @Test func `who asks during a reload waits for the next one`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let clients = try (0..<5).map { _ in try client(daemon) }
        for client in clients { try send("Reload", to: client) }
        for client in clients { _ = try reply(from: client) }
        #expect(try daemon.onQueue { $0.reloadCallers.isEmpty && $0.nextReloadCallers.isEmpty })
        // The first is served by one reload, all others by the next at the latest.
        #expect(try daemon.records("reload", atLeast: 2).count <= 5)
    }

    // MARK: - The socket

    @Test func `a reload moves the socket, and closes it`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let old = try client(daemon)
        try daemon.reload(Self.echo, daemon: "control = \"DIR/other\"")
        #expect(access(daemon.directory.appending("control"), F_OK) != 0)
        let new = try client(daemon, "other")
        for client in [old, new] {
            try send("Reopen", to: client)
            _ = try reply(from: client)
        }
        try daemon.reload(Self.echo, daemon: "control = false")
        #expect(access(daemon.directory.appending("other"), F_OK) != 0)
        try waitUntil("its clients are disconnected") { old.isEnded && new.isEnded }
    }

    @Test func `only its owner and group may connect`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        var status = stat()
        #expect(stat(daemon.directory.appending("control"), &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660)
    }

    @Test func `a socket that was removed comes back with a reload`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        unlink(daemon.directory.appending("control"))
        try daemon.reload(Self.echo)
        #expect(try status(daemon).listeners.count == 1)
    }

    @Test func `a place that cannot be had is told once, and tried again`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "control = \"DIR/none/control\"")
        defer { daemon.end() }
        let warning = try daemon.records("warning").first
        #expect(warning?["message"]?.contains("make the directory") == true, "\(warning?["message"] ?? "")")
        #expect(try daemon.onQueue { $0.controlAlarm?.isSet } == true)
        try daemon.onQueue { $0.followControlSettings() }
        try daemon.directory.makeDirectory("none")
        try daemon.onQueue { $0.followControlSettings() }
        _ = try daemon.records("recovered")
        #expect(daemon.records().count { $0.event == "warning" } == 1)
        _ = try client(daemon, "none/control")
    }

    @Test func `the socket of another process stays, and a dead one is replaced`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("control")
        let live = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try bind(live, to: path)
        #expect(listen(live, 1) == 0)
        let daemon = try SupervisorHarness(Self.echo, daemon: "control = \"\(path)\"")
        defer { daemon.end() }
        let warning = try daemon.records("warning").first
        #expect(warning?["message"]?.contains("another process listens there") == true, "\(warning?["message"] ?? "")")
        shutdown(live, Int32(SHUT_RDWR))
        close(live)
        try daemon.onQueue { $0.followControlSettings() }
        _ = try daemon.records("recovered")
        _ = try Client(ServerAddress(.unix(path: path)))
    }

    @Test func `while it drains, the daemon shows its status and changes nothing`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "drain-timeout = \"1h\"")
        let open = try Client(daemon.address("echo"))
        #expect(try echoes(open))
        try daemon.stop()
        #expect(try status(daemon).daemon.state == .draining)
        let client = try client(daemon)
        for call in ["Reload", "Pause", "ResetUpstream"] {
            try send(call, call == "Reload" ? "{}" : "{\"listener\":\"echo\"}", to: client)
            #expect(throws: VarlinkError.stopping) { try reply(from: client) }
        }
        open.close()
        #expect(try daemon.exitStatus() == 0)
        #expect(access(daemon.directory.appending("control"), F_OK) != 0)
        try daemon.release()
    }

    private func bind(_ raw: CInt, to path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw POSIXFailure("bind") }
    }
}
