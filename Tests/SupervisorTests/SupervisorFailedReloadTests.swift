// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem
@testable import Supervisor

/// A reload that fails leaves everything as it was.
@Suite struct SupervisorFailedReloadTests {
    private static let text = """
        [listener.kept]
        listen = ["tcp://127.0.0.1:0", "unix://DIR/kept?mode=0600"]
        service = "echo"
        keepalive = { idle = "60s" }

        """

    /// What may be seen of the sockets in force.
    private struct State: Equatable {
        var addresses: [ServerAddress]
        var access: UnixSocketAccess?
        var keepIdle: [Int]
        var keepAlive: [Int]
        var limit: Int
        var files: [String]
    }

    private func state(_ daemon: SupervisorHarness) throws -> State {
        let addresses = try daemon.addresses("kept")
        let files = try FileManager.default.contentsOfDirectory(atPath: daemon.directory.path).sorted()
        return try daemon.onQueue { supervisor in
            let sockets = supervisor.listeners.values.flatMap(\.sockets).map(\.socket)
            let tcp = sockets.filter { $0.kind == .tcp }
            return State(
                addresses: addresses, access: try sockets.compactMap(\.file).first?.access(),
                keepIdle: try tcp.map { try SocketOption.keepIdle.value(of: $0.raw) },
                keepAlive: try tcp.map { try SocketOption.keepAlive.value(of: $0.raw) },
                limit: supervisor.shared.connectionLimit, files: files)
        }
    }

    /// Reloads a text that cannot be put in force, and makes sure that nothing has come of it.
    private func refuse(
        _ text: String, daemon lines: String = "", lanes: String = "2", log: String? = nil, because part: String
    ) throws {
        let daemon = try SupervisorHarness(Self.text)
        defer { daemon.end() }
        let client = try Client(daemon.address("kept"))
        #expect(try echoes(client))
        let before = try state(daemon)
        try daemon.reload(text, daemon: lines, lanes: lanes, log: log)
        #expect(try state(daemon) == before)
        let record = try #require(try daemon.records("reload-failed").first?["message"])
        #expect(record.hasPrefix("the old configuration stays in force: ") && record.contains(part), "\(record)")
        #expect(daemon.manager.status.contains(" failed, the old configuration is in force: "))
        #expect(daemon.manager.status.contains(part))
        #expect(daemon.manager.count("READY=1") == 2)
        #expect(try echoes(client))
        for address in try daemon.addresses("kept") { #expect(try echoes(Client(address))) }
        #expect(daemon.records().filter { ["reload", "stopped", "draining"].contains($0.event) }.isEmpty)
        // And the next one may be right.
        try daemon.reload(Self.text + "max-connections = 9\n")
        #expect(try daemon.records("reload").last?["message"] == "configuration reloaded: 1 changed")
        #expect(!daemon.manager.status.contains("failed"))
    }

    @Test func `an invalid file changes nothing`() throws {
        try refuse(
            "[listener.kept]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"ehco\"\n", because: "`ehco` is not a service")
    }

    @Test func `a missing file changes nothing`() throws {
        let daemon = try SupervisorHarness(Self.text)
        defer { daemon.end() }
        try FileManager.default.removeItem(atPath: daemon.directory.appending("usherd.toml"))
        try daemon.reload()
        #expect(try daemon.records("reload-failed").first?["message"]?.contains("No such file") == true)
        #expect(try echoes(Client(daemon.address("kept"))))
    }

    @Test func `another number of lanes is refused`() throws {
        try refuse(Self.text, lanes: "3", because: "a reload cannot change the number of lanes")
    }

    @Test func `a listener that cannot listen undoes the listeners before it`() throws {
        let occupied = try SupervisorHarness(Self.text)
        defer { occupied.end() }
        let port = try occupied.address("kept").port
        try refuse(
            """
            [listener.kept]
            listen = ["tcp://127.0.0.1:0?backlog=5", "unix://DIR/kept?mode=0666"]
            service = "daytime"
            keepalive = { idle = "5s", count = 2 }
            [listener.new]
            listen = ["unix://DIR/new", "tcp://127.0.0.1:0"]
            service = "echo"
            [listener.taken]
            listen = "tcp://127.0.0.1:\(port)"
            service = "echo"

            """, daemon: "max-connections = 3", because: "Address already in use")
    }

    @Test func `socket options and paths are restored`() throws {
        try refuse(
            """
            [listener.kept]
            listen = ["tcp://127.0.0.1:0", "unix://DIR/kept"]
            service = "echo"
            [listener.missing]
            listen = "unix://DIR/no/such/directory"
            service = "echo"

            """, because: "create the directory first")
    }

    @Test func `a log that cannot be opened undoes the listeners`() throws {
        try refuse(
            Self.text + "[listener.new]\nlisten = [\"unix://DIR/new\", \"tcp://127.0.0.1:0\"]\nservice = \"echo\"\n",
            log: "[log]\nto = \"file:DIR/no/such/log\"\n", because: "cannot write the log to")
    }

    @Test func `a listener that cannot listen leaves no new log file`() throws {
        try refuse(
            Self.text + "[listener.new]\nlisten = \"unix://DIR/no/such/directory\"\nservice = \"echo\"\n",
            log: "[log]\nto = \"file:DIR/other.log\"\n", because: "create the directory first")
    }

    @Test func `a systemd socket that was not passed changes nothing`() throws {
        try refuse(
            Self.text + "[listener.new]\nlisten = \"systemd://web\"\nservice = \"echo\"\n", because: "it passed none")
    }

    @Test func `a replaced socket file does not get new permissions`() throws {
        let daemon = try SupervisorHarness(Self.text)
        defer { daemon.end() }
        let path = daemon.directory.appending("kept")
        try FileManager.default.removeItem(atPath: path)
        try daemon.directory.write("precious", to: "kept")
        chmod(path, 0o600)
        try daemon.reload(Self.text.replacing("mode=0600", with: "mode=0666"))
        #expect(
            try daemon.records("reload-failed").first?["message"]?.contains(
                "listener kept: cannot apply socket options") == true)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try echoes(Client(daemon.address("kept"))))
    }
}
