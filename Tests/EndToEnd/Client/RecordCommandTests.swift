// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `usherctl events`, `history` and `log-level` on a running daemon.
@Suite struct RecordCommandTests {
    private static let configuration = """
        [daemon]
        drain-timeout = "1s"

        [listener.echo]
        listen = "tcp://127.0.0.1:0"
        service = "echo"

        [listener.quiet]
        listen = "tcp://127.0.0.1:0"
        service = "echo"
        log = false
        """

    private func control(_ daemon: Usherd) -> [String] { ["--control", daemon.directory.appending("control")] }

    private func usherctl(_ daemon: Usherd, _ arguments: String...) throws -> CommandResult {
        try run(BuiltProgram.path(of: "usherctl"), arguments + control(daemon))
    }

    /// A command that runs until it is told to end, and what it prints.
    private final class Running {
        let process: ChildProcess
        private let directory: TemporaryDirectory
        private let output: OpenFile
        private let errors: OpenFile

        init(_ arguments: [String]) throws {
            directory = try TemporaryDirectory()
            output = try OpenFile(directory.appending("out"), O_RDWR | O_CREAT | O_APPEND)
            errors = try OpenFile(directory.appending("err"), O_RDWR | O_CREAT | O_APPEND)
            process = try ChildProcess(
                BuiltProgram.path(of: "usherctl"), arguments, descriptors: [1: output.raw, 2: errors.raw])
        }

        var lines: [String] { directory.read("out").split(separator: "\n").map(String.init) }
        var said: String { directory.read("err") }
    }

    /// Connects, has bytes echoed and closes.
    private func visit(_ daemon: Usherd, _ listener: String) throws {
        let client = try Client(daemon.address(listener))
        try client.send("hello")
        #expect(try client.receive(exactly: 5) == Array("hello".utf8))
        client.close()
    }

    /// Starts `events`, and waits until it gets the records of a listener.
    private func follow(_ daemon: Usherd, _ options: [String], probe listener: String) throws -> Running {
        let running = try Running(["events"] + options + control(daemon))
        try waitUntil("events are shown") {
            try visit(daemon, listener)
            return !running.lines.isEmpty
        }
        return running
    }

    @Test func `events shows every record in text and in JSON, until it is interrupted or the daemon ends`() throws {
        try withUsherd(Self.configuration) { daemon in
            let text = try follow(daemon, [], probe: "quiet")
            let json = try follow(daemon, ["--json", "--listener", "echo", "--event", "close"], probe: "echo")
            try visit(daemon, "quiet")
            try visit(daemon, "echo")
            let closes = try daemon.records("close", count: 1).filter { $0["listener"] == "echo" }
            let last = try #require(closes.last?.connection)
            try waitUntil("the last close is shown") {
                text.lines.contains { $0.contains("  close     echo        #\(last) ") }
                    && json.lines.contains { $0.contains("\"connection\":\(last),") }
            }
            #expect(text.lines.contains { $0.contains("  open      quiet ") })
            #expect(
                text.lines.contains { $0.contains("  close     quiet ") && $0.hasSuffix("client-closed by client") })
            let shown = json.lines
            for line in shown {
                #expect(line.hasPrefix("{\"time\":\"") && line.contains("\"event\":\"close\""))
                #expect(line.contains("\"listener\":\"echo\""))
            }
            try waitUntil("the log has the same lines") {
                let logged = Set(daemon.said.split(separator: "\n").map(String.init))
                return shown.allSatisfy { logged.contains($0) }
            }
            text.process.send(signal: SIGINT)
            #expect(try text.process.waitForEnd() == .killed(SIGINT))
            #expect(text.said.isEmpty)
            try daemon.stop()
            #expect(try json.process.waitForEnd() == .exited(69))
            #expect(
                json.said.hasSuffix(
                    "closed the connection: it was stopped or restarted; `systemctl status usherd` shows it\n"))
        }
    }

    @Test func `events ends quietly when its output is closed`() throws {
        try withUsherd(Self.configuration) { daemon in
            var ends: [CInt] = [-1, -1]
            #expect(pipe(&ends) == 0)
            // Else the command would hold the other end itself.
            _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
            let process = try ChildProcess(
                BuiltProgram.path(of: "usherctl"), ["events"] + control(daemon), descriptors: [1: ends[1]])
            close(ends[1])
            close(ends[0])
            let end = try process.waitForEnd()
            #expect(end == .exited(0) || end == .killed(SIGPIPE))
        }
    }

    @Test func `events says which names there are`() throws {
        try withUsherd(Self.configuration) { daemon in
            let listener = try usherctl(daemon, "events", "--listener", "ecko")
            #expect(listener.end == .exited(1))
            #expect(listener.errors.hasPrefix("usherctl: no listener is named ecko: did you mean echo?"))
            let event = try usherctl(daemon, "events", "--event", "clos")
            #expect(event.end == .exited(64))
            #expect(event.errors.contains("no event is named clos; there are accept-paused, "))
            let words = ["usherctl", "events"] + control(daemon) + ["--event", ""]
            let complete = try run(
                BuiltProgram.path(of: "usherctl"), ["---completion", "events", "--", "--listener", "4", "0"] + words)
            #expect(complete.text == "echo\nquiet\n")
        }
    }

    @Test func `history lists the ends of connections and refusals, the newest first`() throws {
        let one = "[listener.echo]\nmax-connections = 1\n"
        try withUsherd(Self.configuration.replacing("[listener.echo]\n", with: one)) { daemon in
            try visit(daemon, "quiet")
            try waitUntil("it has ended") { try usherctl(daemon, "history").text.contains("1 entry;") }
            let client = try Client(daemon.address("echo"))
            try client.send("hello")
            #expect(try client.receive(exactly: 5) == Array("hello".utf8))
            let refused = try Client(daemon.address("echo"))
            _ = try daemon.record("refused")
            client.close()
            try daemon.records("close", count: 1)
            let lines = try usherctl(daemon, "history").text.split(separator: "\n").map(String.init)
            try #require(lines.count == 5)
            #expect(lines[0].hasPrefix("TIME      NUMBER  LISTENER  PEER "))
            #expect(lines[1].contains("  echo  ") && lines[1].contains(" 5 B  "))
            #expect(lines[2].contains("  -  ") && lines[2].hasSuffix("  max-connections"))
            #expect(lines[3].contains("  quiet "))
            #expect(lines[4] == "3 entries; usherd keeps the last 1000")
            #expect(lines.allSatisfy { $0.count <= 80 })
            let json = try usherctl(daemon, "history", "--json", "--listener", "echo").text
            let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            #expect((object["records"] as? [[String: Any]])?.map { $0["event"] as? String } == ["close", "refused"])
            // Exactly as the log has it.
            for record in daemon.said.split(separator: "\n") where record.contains("\"event\":\"close\"") {
                #expect(json.contains(record))
            }
            #expect(
                try usherctl(daemon, "history", "--refused").text.hasSuffix("1 entry; usherd keeps the last 1000\n"))
            #expect(
                try usherctl(daemon, "history", "--reason", "client-closed", "--limit", "1").text.contains("\n1 entry"))
            #expect(try usherctl(daemon, "history", "--peer", "192.0.2.0/24").text == "no entries\n")
            let unknown = try usherctl(daemon, "history", "--reason", "x")
            #expect(unknown.end == .exited(64))
            #expect(unknown.errors.contains("`x` is not a reason or rule; there are client-closed, "))
            for rule in ["listener-limit", "listener.max-connections", "max-connections"] {
                let some = try usherctl(daemon, "history", "--reason", rule).text
                #expect(some.contains("\n1 entry;") && some.contains("  max-connections\n"))
            }
            refused.close()
        }
    }

    @Test func `a reload changes how much history is kept`() throws {
        let off = Self.configuration.replacing("[daemon]\n", with: "[daemon]\nhistory = false\n")
        try withUsherd(off) { daemon in
            try visit(daemon, "echo")
            try daemon.records("close", count: 1)
            #expect(try usherctl(daemon, "history").text == "usherd keeps no history: history of [daemon] is 0\n")
            try daemon.write(off.replacing("history = false", with: "history = 2"))
            #expect(try usherctl(daemon, "reload").succeeded)
            for number in 2...4 {
                try visit(daemon, "echo")
                try daemon.records("close", count: number)
            }
            #expect(try usherctl(daemon, "history").text.hasSuffix("\n2 entries; usherd keeps the last 2\n"))
        }
    }

    @Test func `log-level holds until a reload`() throws {
        try withUsherd(Self.configuration) { daemon in
            let configured = try usherctl(daemon, "log-level").text.dropLast()
            #expect(["debug", "info"].contains(configured))
            #expect(
                try usherctl(daemon, "log-level", "error").text
                    == "usherd logs records of level error and above, until a reload or a restart\n")
            #expect(try usherctl(daemon, "log-level").text == "error; the configuration says \(configured)\n")
            #expect(
                try usherctl(daemon, "log-level", "--json").text
                    == "{\"level\":\"error\",\"configured\":\"\(configured)\"}\n")
            #expect(
                try usherctl(daemon, "status").text.contains(
                    "\nlog level      error, set by an operator until the next reload\n"))
            try visit(daemon, "echo")
            try waitUntil("it has ended") { try usherctl(daemon, "history").text.contains("1 entry;") }
            #expect(daemon.records("open").isEmpty)
            #expect(try usherctl(daemon, "reload").succeeded)
            #expect(try !usherctl(daemon, "status").text.contains("log level"))
            try visit(daemon, "echo")
            try daemon.records("close", count: 1)
            let wrong = try usherctl(daemon, "log-level", "loud")
            #expect(wrong.end == .exited(64))
        }
    }
}
