// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `usherctl drain` on a running daemon.
@Suite struct DrainCommandTests {
    private static let configuration = """
        [daemon]
        lanes = 2

        [listener.echo]
        listen = "tcp://127.0.0.1:0"
        service = "echo"

        [listener.flows]
        listen = "udp://127.0.0.1:0"
        service = "echo"
        idle-timeout = "1h"
        """

    /// A running command.
    private struct Running {
        let process: ChildProcess
        let output: OpenFile
        let path: String

        /// Waits for its end.
        ///
        /// - Returns: how it ended, and what it wrote on both of its outputs.
        func wait() throws -> (end: ChildProcess.End, said: String) {
            let end = try process.waitForEnd()
            return (end, try String(contentsOfFile: path, encoding: .utf8))
        }
    }

    private func arguments(_ daemon: Usherd, _ words: [String]) -> [String] {
        words + ["--control", daemon.directory.appending("control")]
    }

    private func usherctl(_ daemon: Usherd, _ words: String...) throws -> CommandResult {
        try run(BuiltProgram.path(of: "usherctl"), arguments(daemon, words))
    }

    private func start(_ daemon: Usherd, _ words: String...) throws -> Running {
        let path = daemon.directory.appending("output-\(UUID().uuidString)")
        let output = try OpenFile(path, O_WRONLY | O_CREAT | O_APPEND)
        let process = try ChildProcess(
            BuiltProgram.path(of: "usherctl"), arguments(daemon, words), environment: ChildProcess.plainEnvironment,
            descriptors: [1: output.raw, 2: output.raw])
        return Running(process: process, output: output, path: path)
    }

    /// A client that was served.
    private func client(_ daemon: Usherd) throws -> Client {
        let client = try Client(daemon.address("echo"))
        try expectEcho(client)
        return client
    }

    private func expectEcho(_ client: Client) throws {
        try client.send("hello")
        #expect(try client.receive(exactly: 5) == Array("hello".utf8))
    }

    private func state(_ daemon: Usherd, _ listener: String = "echo") throws -> String? {
        try usherctl(daemon, "status", listener).text.split(separator: "\n").last { $0.hasPrefix(listener) }
            .map { String($0.split(separator: " ")[1]) }
    }

    @Test func `a drain waits for the connections, and the listener stays paused`() throws {
        try withUsherd(Self.configuration) { daemon in
            let clients = [try client(daemon), try client(daemon)]
            let drain = try start(daemon, "drain", "echo")
            try waitUntil("it drains") { try state(daemon) == "draining" }
            let waiting = try Client(daemon.address("echo"))
            try waiting.send("hello")
            try waitUntil("STATUS= says so") {
                daemon.status == "1 of 2 listeners (echo: draining), 2 connections"
            }
            for client in clients { try expectEcho(client) }
            clients[0].close()
            try expectEcho(clients[1])
            #expect(drain.process.ended == nil)
            clients[1].close()
            let (end, said) = try drain.wait()
            #expect(end == .exited(0))
            #expect(said == "echo is drained and stays paused: 2 connections ended\n")
            #expect(try state(daemon) == "paused")
            let record = try daemon.record("stopped")
            #expect(record["message"] == "echo is drained: 2 connections have ended, none was closed; it stays paused")
            #expect(try usherctl(daemon, "resume", "echo").succeeded)
            #expect(try waiting.receive(exactly: 5) == Array("hello".utf8))
            waiting.close()
            try daemon.verify()
        }
    }

    @Test func `after the timeout the connections that are left are closed`() throws {
        try withUsherd(Self.configuration) { daemon in
            let clients = try (0..<3).map { _ in try client(daemon) }
            let drain = try start(daemon, "drain", "echo", "--timeout", "2s", "--json")
            try waitUntil("it drains") { try state(daemon) == "draining" }
            clients[0].close()
            let (end, said) = try drain.wait()
            #expect(end == .exited(75))
            #expect(
                said == """
                    {"outcome":"drained","ended":1,"closed":2,"left":0}
                    usherctl: timed out: 2 connections of echo had not ended by themselves

                    """)
            #expect(clients.dropFirst().allSatisfy { $0.isEnded })
            let ends = try daemon.records("close", count: 3).filter { $0["reason"] == "drained" }
            #expect(ends.count == 2 && ends.allSatisfy { $0["by"] == "operator" })
            let idle = try usherctl(daemon, "drain", "echo", "--timeout", "1h")
            #expect(idle.text == "echo is drained and stays paused: it had no connections\n")
            try daemon.verify()
        }
    }

    @Test func `--over closes them in steps`() throws {
        try withUsherd(Self.configuration) { daemon in
            let clients = try (0..<7).map { _ in try client(daemon) }
            let start = ContinuousClock.now
            let drain = try usherctl(daemon, "drain", "echo", "--timeout", "0s", "--over", "3s")
            #expect(drain.end == .exited(75))
            #expect(drain.text == "echo is drained and stays paused: 0 connections ended, 7 were closed\n")
            #expect(ContinuousClock.now - start >= .seconds(2), "the last step is after two thirds of the time")
            let times = try daemon.records("close", count: 7).compactMap { $0[number: "duration_us"] }.sorted()
            // Three in the first step, then two and two, a second apart.
            #expect(times[3] - times[2] > 900_000 && times[5] - times[4] > 900_000, "\(times)")
            #expect(times[2] - times[0] < 900_000)
            #expect(clients.allSatisfy { $0.isEnded })
            #expect(try usherctl(daemon, "drain", "echo", "--over", "3s").end == .exited(64))
        }
    }

    @Test func `resume takes a drain back, and so does a reload that removes the listener`() throws {
        try withUsherd(Self.configuration) { daemon in
            let client = try client(daemon)
            let first = try start(daemon, "drain", "echo")
            try waitUntil("it drains") { try state(daemon) == "draining" }
            // A second operator joins the first.
            let second = try start(daemon, "drain", "echo", "--timeout", "1h")
            try daemon.records("operator", count: 2)
            #expect(try usherctl(daemon, "resume", "echo").succeeded)
            for drain in [first, second] {
                let (end, said) = try drain.wait()
                #expect(end == .exited(1))
                let what = "an operator has resumed echo, which has 1 connection: drain it again if that was not meant"
                #expect(said == "usherctl: \(what)\n")
            }
            #expect(try state(daemon) == "listening")
            let third = try start(daemon, "drain", "echo", "--json")
            try waitUntil("it drains") { try state(daemon) == "draining" }
            try daemon.reload(Self.configuration.replacing("[listener.echo]", with: "[listener.other]"))
            let (end, said) = try third.wait()
            #expect(end == .exited(1))
            #expect(said.hasPrefix("{\"outcome\":\"removed\",\"ended\":0,\"closed\":0,\"left\":1}\n"), "\(said)")
            try expectEcho(client)
            client.close()
        }
    }

    @Test func `usherd carries a drain out after the command was interrupted`() throws {
        try withUsherd(Self.configuration) { daemon in
            let client = try client(daemon)
            let drain = try start(daemon, "drain", "echo", "--timeout", "3s")
            try waitUntil("it drains") { try state(daemon) == "draining" }
            drain.process.send(signal: SIGINT)
            let (end, said) = try drain.wait()
            #expect(end == .killed(SIGINT))
            #expect(said.hasPrefix("usherctl: usherd continues: "), "\(said)")
            try waitUntil("it is closed after all") { client.isEnded }
            #expect(try daemon.record("close")["reason"] == "drained")
            try waitUntil("it is done") { try state(daemon) == "paused" }
            let again = try usherctl(daemon, "resume", "echo")
            #expect(again.succeeded)
            let other = try self.client(daemon)
            let endless = try start(daemon, "drain", "echo")
            try waitUntil("it drains") { try state(daemon) == "draining" }
            endless.process.send(signal: SIGINT)
            let left = try endless.wait().said
            #expect(
                left.hasPrefix("usherctl: echo stays paused, and its connections stay open; `usherctl resume echo` "))
            try expectEcho(other)
            other.close()
            try waitUntil("it is done") { try state(daemon) == "paused" }
            try daemon.verify()
        }
    }

    @Test func `flows are drained too`() throws {
        try withUsherd(Self.configuration) { daemon in
            let flow = try DatagramClient(to: "\(daemon.address("flows"))")
            try flow.send("a")
            #expect(try flow.receiveText() == "a")
            let drain = try start(daemon, "drain", "flows", "--timeout", "1s")
            try waitUntil("it drains") { try state(daemon, "flows") == "draining" }
            let late = try DatagramClient(to: "\(daemon.address("flows"))")
            try late.send("b")
            #expect(try daemon.record("refused")["rule"] == "usherctl pause")
            #expect(try drain.wait().end == .exited(75))
            #expect(try daemon.record("close")["reason"] == "drained")
        }
    }

    @Test func `who drains when the daemon stops is told`() throws {
        try withUsherd(Self.configuration) { daemon in
            let client = try client(daemon)
            let drain = try start(daemon, "drain", "echo")
            try waitUntil("it drains") { try state(daemon) == "draining" }
            daemon.send(signal: SIGTERM)
            let (end, said) = try drain.wait()
            #expect(end == .exited(1))
            #expect(said == "usherctl: usherd is stopping and refuses this\n")
            client.close()
        }
    }
}
