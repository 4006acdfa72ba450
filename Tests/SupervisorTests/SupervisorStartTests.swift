// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import Supervisor

@Suite struct SupervisorStartTests {
    @Test func `a start listens on every address, logs it, and sends READY=1`() throws {
        let daemon = try SupervisorHarness(
            """
            [listener.echo]
            listen = ["tcp://127.0.0.1:0", "tcp://[::1]:0", "unix://DIR/echo?mode=0600"]
            service = "echo"
            [listener.time]
            listen = "unix-seqpacket://DIR/time"
            service = "daytime"
            """)
        defer { daemon.end() }
        for address in try daemon.addresses("echo") { #expect(try echoes(Client(address))) }
        #expect(try !Client(daemon.address("time")).receiveAll().isEmpty)
        let listening = try daemon.records("listening", atLeast: 4)
        #expect(
            listening.map { "\($0["listener"] ?? "") \($0["local"] ?? "")" }
                == (try daemon.addresses("echo").map { "echo \($0)" } + daemon.addresses("time").map { "time \($0)" }))
        #expect(
            try daemon.records("started").first?["message"]?.hasPrefix(
                "usherd \(Version.text) serves 2 listeners on 2 lanes") == true)
        #expect(daemon.manager.messages.first?.text == "READY=1\nSTATUS=2 listeners, 0 connections")
    }

    @Test func `a start without one of its listeners logs the cause and exits`() throws {
        let occupied = try SupervisorHarness("[listener.a]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n")
        defer { occupied.end() }
        let port = try occupied.address("a").port
        let daemon = try SupervisorHarness(
            """
            [listener.good]
            listen = ["unix://DIR/good", "tcp://127.0.0.1:0"]
            service = "echo"
            [listener.taken]
            listen = ["unix://DIR/half", "tcp://127.0.0.1:\(port)"]
            service = "echo"
            [listener.file]
            listen = "unix://DIR/file"
            service = "echo"
            [listener.missing]
            listen = "systemd://nothing"
            service = "echo"
            """
        ) { try $0.write("precious", to: "file") }
        #expect(try daemon.exitStatus() == ExitStatus.unavailable)
        let failed = try daemon.records("failed", atLeast: 3)
        #expect(failed.map { $0["listener"] } == ["taken", "file", "missing"])
        #expect(failed.map { $0["errno"] } == ["EADDRINUSE", "EEXIST", "ENOENT"])
        #expect(access(daemon.directory.appending("good"), F_OK) != 0)
        #expect(access(daemon.directory.appending("half"), F_OK) != 0)
        #expect(daemon.directory.read("file") == "precious")
        #expect(daemon.manager.messages.count == 1)
        let last = try #require(daemon.manager.messages.last)
        #expect(last["ERRNO"] == "\(EADDRINUSE)")
        #expect(last["STATUS"] == failed.first?["message"])
        #expect(daemon.records().filter { ["listening", "started", "stopped"].contains($0.event) }.isEmpty)
    }

    @Test func `a stale socket file is replaced`() throws {
        let daemon = try SupervisorHarness("[listener.a]\nlisten = \"unix://DIR/a\"\nservice = \"echo\"\n") {
            directory in
            _ = try ListeningSocket(
                kind: .unixStream, address: .unix(path: Array(directory.appending("a").utf8)), dualStack: false,
                options: ListeningOptions())
        }
        defer { daemon.end() }
        #expect(try echoes(Client(daemon.address("a"))))
    }

    @Test func `too few descriptors are warned of`() throws {
        let daemon = try SupervisorHarness(
            "[listener.a]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n", daemon: "max-connections = 5000",
            descriptorLimit: 1024)
        defer { daemon.end() }
        let warning = try #require(try daemon.records("warning").first?["message"])
        #expect(warning.contains("max-connections is 5000") && warning.contains("only 1024"))
        #expect(warning.contains("to 5033, or lower max-connections"))
    }

    @Test func `passed sockets are used, and each unused name is logged once`() throws {
        func passed() throws -> CInt {
            let raw = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            guard listen(raw, 7) == 0 else { throw POSIXFailure("listen") }
            return raw
        }
        let daemon = try SupervisorHarness(
            "[listener.a]\nlisten = \"systemd://web\"\nservice = \"echo\"\nkeepalive = true\n",
            passed: [
                ("web", try passed()), ("spare", try passed()), ("web", try passed()), ("spare", try passed()),
            ])
        defer { daemon.end() }
        let addresses = try daemon.addresses("a")
        #expect(addresses.count == 2)
        for address in addresses { #expect(try echoes(Client(address.at("127.0.0.1")))) }
        _ = try daemon.records("started")
        try daemon.stop()
        #expect(try daemon.exitStatus() == 0)
        let warnings = daemon.records().filter { $0.event == "warning" }
        #expect(
            warnings.compactMap { $0["message"] } == [
                "systemd passed a socket spare, but no listener uses it: listen on systemd://spare"
            ])
    }
}
