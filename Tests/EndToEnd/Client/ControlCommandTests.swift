// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The commands of usherctl over the control socket, on a running daemon.
@Suite struct ControlCommandTests {
    private static let configuration = """
        [daemon]
        drain-timeout = "1s"

        [listener.echo]
        listen = ["tcp://127.0.0.1:0", "unix://$DIR/echo"]
        service = "echo"
        max-connections = 100

        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        to = "unix://$DIR/echo"
        """

    /// Runs a command on the control socket of a daemon.
    private func usherctl(
        _ daemon: Usherd, _ arguments: String..., environment: [String: String] = [:]
    ) throws -> CommandResult {
        try run(
            BuiltProgram.path(of: "usherctl"), arguments + ["--control", daemon.directory.appending("control")],
            environment: ChildProcess.plainEnvironment.merging(environment) { $1 })
    }

    /// Runs a command that prints JSON.
    private func json(_ daemon: Usherd, _ arguments: [String]) throws -> [String: Any] {
        let result = try run(
            BuiltProgram.path(of: "usherctl"),
            arguments + ["--json", "--control", daemon.directory.appending("control")])
        #expect(result.succeeded, "\(result.errors)")
        #expect(result.text.split(separator: "\n").count == 1, "one object in one line")
        return try #require(try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any])
    }

    /// Connects to a listener and has bytes echoed.
    private func client(_ daemon: Usherd, _ listener: String, _ index: Int = 0, bytes: Int = 10) throws -> Client {
        let client = try Client(daemon.address(listener, index))
        let data = [UInt8](repeating: 0x61, count: bytes)
        try client.send(data)
        #expect(try client.receive(exactly: bytes) == data)
        return client
    }

    @Test func `output that cannot be written is a failure`() throws {
        try withUsherd(Self.configuration) { daemon in
            let result = try run(
                "sh",
                [
                    "-c", "exec \"$0\" connections --control \"$1\" >/dev/full", BuiltProgram.path(of: "usherctl"),
                    daemon.directory.appending("control"),
                ])
            #expect(result.end == .exited(74))
            #expect(result.errors == "usherctl: cannot write the output: No space left on device\n")
        }
    }

    @Test func `status and connections show what clients have done`() throws {
        try withUsherd(Self.configuration) { daemon in
            let direct = try client(daemon, "echo", bytes: 1234)
            let relayed = try client(daemon, "front")
            try client(daemon, "echo").close()
            try daemon.records("close", count: 1)
            let shown = try usherctl(daemon, "status")
            try #require(shown.succeeded, "\(shown.errors)")
            let status = shown.text.split(separator: "\n").map(String.init)
            #expect(status[0].hasPrefix("usherd "))
            #expect(status[0].contains(", serving, pid \(daemon.identifier), up "))
            #expect(status[1].hasPrefix("configuration  \(daemon.directory.path)/usherd.toml, loaded "))
            #expect(status[2] == "connections    3 now, 4 peak, limit 10000")
            let address = try daemon.address("echo")
            #expect(status[3].hasPrefix("LISTENER  STATE      NOW  PEAK  TOTAL  FAILED  REFUSED "))
            #expect(status[4].hasPrefix("echo      listening    2     3      3       0        0  1.2 kB  1.2 kB"))
            #expect(status[5].hasPrefix("  echo at \(address), "))
            #expect(status.allSatisfy { $0.count <= 80 })
            let list = try usherctl(daemon, "connections", "--sort", "bytes").text.split(separator: "\n")
            try #require(list.count == 5)
            #expect(list[1].contains(" echo "))
            #expect(list[1].hasSuffix("  1.2 kB  1.2 kB"))
            #expect(list[4] == "3 connections")
            let only = try usherctl(daemon, "connections", "--listener", "front", "--peer", "127.0.0.0/8").text
            #expect(only.contains(relayed.name.replacing("tcp://", with: "")))
            #expect(only.hasSuffix("\n1 connection\n"))
            direct.close()
            relayed.close()
        }
    }

    @Test func `JSON has what the interface says`() throws {
        try withUsherd(Self.configuration) { daemon in
            let client = try client(daemon, "echo")
            let status = try json(daemon, ["status", "echo", "--interval", "100ms"])
            #expect(Set(status.keys) == ["daemon", "listeners", "interval"])
            let listeners = try #require(status["listeners"] as? [[String: Any]])
            #expect(listeners.map { $0["name"] as? String } == ["echo"])
            #expect(listeners[0]["bytes_in"] as? Int == 10)
            #expect((status["daemon"] as? [String: Any])?["pid"] as? Int == Int(daemon.identifier))
            let interval = try #require(status["interval"] as? [String: Any])
            #expect(try #require(interval["duration_us"] as? Int) >= 100_000)
            let list = try json(daemon, ["connections"])
            #expect(list["count"] as? Int == 1)
            let connections = try #require(list["connections"] as? [[String: Any]])
            #expect(connections[0]["peer"] as? String == client.name)
            #expect(connections[0]["number"] as? Int == (try daemon.record("open").connection))
            #expect(try json(daemon, ["close", "--listener", "echo", "--dry-run"])["count"] as? Int == 1)
            #expect(try json(daemon, ["pause", "echo"]).isEmpty)
            client.close()
        }
    }

    @Test func `close ends connections by number, by filter and spread over a time`() throws {
        try withUsherd(Self.configuration) { daemon in
            let clients = try (0..<8).map { _ in try client(daemon, "echo") }
            let numbers = try daemon.records("open", count: 8).map(\.connection)
            let one = try usherctl(daemon, "close", "\(numbers[0])")
            #expect(one.text == "closed 1 connection\n")
            try waitUntil("the client sees the end") { clients[0].isEnded }
            let again = try usherctl(daemon, "close", "\(numbers[0])", "\(numbers[1])")
            #expect(again.end == .exited(1))
            #expect(again.text == "closed 1 connection\n")
            #expect(again.errors.hasPrefix("usherctl: no open connection has the number \(numbers[0]);"))
            let counted = try usherctl(daemon, "close", "--listener", "echo", "--dry-run")
            #expect(counted.text == "6 connections would be closed\n")
            let start = ContinuousClock.now
            let paced = try usherctl(daemon, "close", "--older", "0s", "--over", "3s")
            #expect(paced.text == "closed 6 connections\n")
            #expect(ContinuousClock.now - start >= .seconds(2), "the last step is after two thirds of the time")
            let ends = try daemon.records("close", count: 8)
            #expect(ends.allSatisfy { $0["reason"] == "closed-by-operator" && $0["by"] == "operator" })
            let nothing = try usherctl(daemon, "close")
            #expect(nothing.end == .exited(64))
            for client in clients { client.close() }
        }
    }

    @Test(arguments: [["connections"], ["close", "--dry-run"], ["close", "--over", "1s"]])
    func `a listener that there is not is a failure`(command: [String]) throws {
        try withUsherd(Self.configuration) { daemon in
            let result = try run(
                BuiltProgram.path(of: "usherctl"),
                command + ["--listener", "nix", "--control", daemon.directory.appending("control")])
            #expect(result.end == .exited(1))
            #expect(result.text.isEmpty)
            #expect(result.errors == "usherctl: no listener is named nix; there are echo, front\n")
        }
    }

    @Test func `clients of a paused listener wait until it is resumed`() throws {
        try withUsherd(Self.configuration) { daemon in
            #expect(try usherctl(daemon, "pause", "echo").text == "echo is paused\n")
            let waiting = try Client(daemon.address("echo"))
            try waiting.send("hello")
            #expect(try usherctl(daemon, "status", "echo").text.contains("\necho      paused "))
            #expect(daemon.records("open").isEmpty)
            #expect(try usherctl(daemon, "resume", "echo").text == "echo accepts connections\n")
            #expect(try waiting.receive(exactly: 5) == Array("hello".utf8))
            let unknown = try usherctl(daemon, "pause", "ecko")
            #expect(unknown.end == .exited(1))
            #expect(unknown.errors == "usherctl: no listener is named ecko: did you mean echo? There is also front\n")
            waiting.close()
        }
    }

    @Test func `reload waits for the outcome, and fails with its reason`() throws {
        try withUsherd(Self.configuration) { daemon in
            let taken = try Server()
            #expect(try usherctl(daemon, "reload").text == "reloaded the configuration\n")
            try daemon.write("[listener.new]\nlisten = \"\(taken.address)\"\nservice = \"echo\"\n")
            let busy = try usherctl(daemon, "reload")
            #expect(busy.end == .exited(1))
            #expect(busy.errors.hasPrefix("usherctl: the reload failed, and the configuration in force stays: "))
            #expect(busy.errors.contains("Address already in use"))
            let status = try usherctl(daemon, "status", environment: ["COLUMNS": "1000"]).text
            #expect(status.contains(" ago, failed: "))
            #expect(status.contains("Address already in use"))
            #expect(try usherctl(daemon, "reopen").succeeded)
            taken.close()
        }
    }

    @Test func `without a control socket a unit's reload checks the configuration and sends SIGHUP`() throws {
        let configuration = Self.configuration.replacing("[daemon]\n", with: "[daemon]\ncontrol = false\n")
        try withUsherd(configuration) { daemon in
            let environment = [
                "MAINPID": "\(daemon.identifier)", "RUNTIME_DIRECTORY": daemon.directory.path,
            ]
            let program = try BuiltProgram.path(of: "usherctl")
            let all = ChildProcess.plainEnvironment.merging(environment) { $1 }
            let reload = try run(program, ["reload"], environment: all)
            #expect(reload.succeeded)
            #expect(
                reload.errors
                    == "usherctl: no control socket; sent SIGHUP to process \(daemon.identifier): the outcome is in its log\n"
            )
            _ = try daemon.record("reload")
            try daemon.write("nonsense")
            let wrong = try run(program, ["reload"], environment: all)
            #expect(wrong.end == .exited(78))
            #expect(daemon.records("reload").count == 1, "no SIGHUP was sent")
            let absent = try run(program, ["status"], environment: all)
            #expect(absent.end == .exited(69))
            #expect(absent.errors.contains("\(daemon.directory.path)/control: No such file or directory"))
            try daemon.write("[daemon]\ncontrol = false\n")
            let off = try run(program, ["status"], environment: all)
            #expect(off.end == .exited(69))
            #expect(off.errors.contains("control of [daemon] is false in \(daemon.directory.path)/usherd.toml"))
        }
    }

    @Test func `a shell completes names of the running daemon`() throws {
        try withUsherd(Self.configuration) { daemon in
            let client = try client(daemon, "echo")
            let number = try daemon.record("open").connection
            let words = ["usherctl", "x", "--control", daemon.directory.appending("control"), ""]
            func complete(_ command: String, _ argument: String) throws -> String {
                try run(
                    BuiltProgram.path(of: "usherctl"), ["---completion", command, "--", argument, "4", "0"] + words
                ).text
            }
            #expect(try complete("pause", "positional@0") == "echo\nfront\n")
            #expect(try complete("close", "positional@0") == "\(number)\n")
            #expect(try complete("connections", "--service") == "echo\nforward\n")
            client.close()
        }
    }
}
