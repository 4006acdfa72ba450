// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `usherctl top` on a terminal, with a running daemon.
@Suite struct TopCommandTests {
    private static let configuration = """
        [daemon]
        drain-timeout = "1s"

        [listener.echo]
        listen = "tcp://127.0.0.1:0"
        service = "echo"

        [listener.other]
        listen = "tcp://127.0.0.1:0"
        service = "echo"
        """

    private func top(
        _ daemon: Usherd, _ arguments: String..., columns: Int = 120, rows: Int = 40,
        environment: [String: String] = [:]
    ) throws -> TopSession {
        try TopSession(
            arguments + ["--interval", "100ms"], control: daemon.directory.appending("control"), columns: columns,
            rows: rows, environment: environment)
    }

    /// Connects to a listener and has bytes echoed.
    private func client(_ daemon: Usherd, _ listener: String, bytes: Int = 10) throws -> Client {
        let client = try Client(daemon.address(listener))
        try echo(bytes, over: client)
        return client
    }

    private func echo(_ bytes: Int, over client: Client) throws {
        let data = [UInt8](repeating: 0x61, count: bytes)
        try client.send(data)
        #expect(try client.receive(exactly: bytes) == data)
    }

    @Test(arguments: [(60, 20), (120, 40)]) func `the connections are shown live, sorted by the key that is pressed`(
        columns: Int, rows: Int
    ) throws {
        try withUsherd(Self.configuration) { daemon in
            let old = try client(daemon, "echo")
            let fast = try client(daemon, "other", bytes: 5000)
            let top = try top(daemon, columns: columns, rows: rows)
            try top.expect("2 of 2 shown")
            #expect(top.screen.count == rows)
            #expect(top.screen[0].hasPrefix("usherd ") && top.screen[0].contains(", serving, pid \(daemon.identifier)"))
            #expect(top.screen[1] == "connections: 2 now, 2 peak, limit 10000")
            #expect(top.screen[4] == "sort: bytes  2 of 2 shown")
            #expect(top.screen[5].split(separator: " ").first == "NUMBER")
            let (oldName, fastName) = (" \(old.name.dropFirst(6)) ", " \(fast.name.dropFirst(6)) ")
            #expect(top.screen[6].contains(fastName) && top.screen[7].contains(oldName))
            try top.type("a")
            try top.expect("the oldest is first") { $0[4].hasPrefix("sort: age") && $0[6].contains(oldName) }
            // Bytes that move show as a rate, and bring their connection to the front.
            try top.type("r")
            try top.expect("the rate is shown") { lines in
                try? echo(5000, over: fast)
                return lines[4].hasPrefix("sort: rate") && lines[6].contains(fastName) && lines[6].hasSuffix(" kB")
            }
            try top.type("t")
            try top.expect("the round-trip time is shown") { $0[5].hasSuffix("RTT") && !$0[6].hasSuffix("-") }
            let new = try client(daemon, "echo")
            try top.expect("3 of 3 shown")
            try top.type("?")
            try top.expect("press any key to go back")
            try top.type("xq")
            #expect(try top.end() == .init(status: 0, isRestored: true))
            for client in [old, fast, new] { client.close() }
        }
    }

    @Test func `a filter is typed, and a connection is closed after a yes`() throws {
        try withUsherd(Self.configuration) { daemon in
            let clients = try ["echo", "other", "echo"].map { try client(daemon, $0) }
            let numbers = try daemon.records("open", count: 3).map(\.connection)
            let top = try top(daemon, "--sort", "age")
            try top.expect("3 of 3 shown")
            try top.type("/listener=echo peer=127.0.0.0/8\r")
            try top.expect("2 of 2 shown  filter: listener=echo peer=127.0.0.0/8")
            try top.type("fx\r")
            try top.expect("`/8x` is not the length of a prefix")
            try top.type("\u{1b}")
            try top.expect("the filter stays") {
                $0.last == "q quit  ? help  f filter  k close  p pause  sort: a b i r t"
            }
            // The second line, which is the third connection.
            try top.type("\u{1b}[B\u{1b}[B")
            try top.expect("the second line is selected") { $0[7].hasPrefix(">") && $0[7].contains(" \(numbers[2]) ") }
            try top.type("k\r")
            try top.expect("close connection \(numbers[2]) of echo from \(clients[2].name.dropFirst(6))? y/n")
            try top.type("y")
            try top.expect("closed connection \(numbers[2])")
            #expect(try daemon.close(of: clients[2].name)["reason"] == "closed-by-operator")
            try top.type("k\(numbers[1])\rn")
            try top.type("k999\ry")
            try top.expect("no open connection has the number 999")
            #expect(daemon.records("close").count == 1)
            try daemon.records("operator", count: 2)
            try top.type("q")
            #expect(try top.end() == .init(status: 0, isRestored: true))
            for client in clients { client.close() }
        }
    }

    @Test func `a pause keeps the frame, and a new size of the window is used at once`() throws {
        try withUsherd(Self.configuration) { daemon in
            let clients = try (0..<30).map { _ in try client(daemon, "echo") }
            let top = try top(daemon, columns: 60, rows: 20)
            try top.expect("13 of 30 shown")
            try top.resize(columns: 120, rows: 40)
            try top.expect("30 of 30 shown")
            #expect(top.screen.count == 40)
            try top.resize(columns: 50, rows: 20)
            try top.expect("the window has 50x20, and top needs 60x20")
            try top.resize(columns: 100, rows: 30)
            try top.expect("23 of 30 shown")
            try top.type("p")
            try top.expect("the pause is shown") { $0[0].hasSuffix(" paused") }
            clients[0].close()
            try daemon.records("close", count: 1)
            #expect(top.screen[1].hasPrefix("connections: 30 now"))
            try top.type("p")
            try top.expect("connections: 29 now")
            try top.type("q")
            #expect(try top.end() == .init(status: 0, isRestored: true))
            for client in clients { client.close() }
        }
    }

    @Test func `when the daemon is restarted, the last frame stays until the next one`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("control")
        let configuration = Self.configuration.replacing("[daemon]\n", with: "[daemon]\ncontrol = \"\(path)\"\n")
        let first = try Usherd(configuration)
        let client = try client(first, "echo", bytes: 4321)
        let top = try TopSession(["--interval", "100ms"], control: path)
        try top.expect("1 of 1 shown")
        client.close()
        try first.records("close", count: 1)
        try top.expect("0 of 0 shown")
        let process = first.identifier
        #expect(top.screen[0].contains("pid \(process),"))
        try first.stop()
        try top.expect("it reconnects") { $0[0].hasSuffix("reconnecting…") && $0[0].contains("pid \(process),") }
        try top.expect("cannot connect to usherd")
        let second = try Usherd(configuration)
        try top.expect("usherd was restarted")
        try top.expect("the new process is shown") { $0[0].contains("pid \(second.identifier),") }
        let other = try self.client(second, "echo")
        try top.expect("1 of 1 shown")
        other.close()
        try top.type("q")
        #expect(try top.end() == .init(status: 0, isRestored: true))
        try second.stop()
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT]) func `a signal ends it after the terminal was restored`(
        signal: CInt
    ) throws {
        try withUsherd(Self.configuration) { daemon in
            let top = try top(daemon)
            try top.expect("0 of 0 shown")
            if signal == SIGINT { try top.type("\u{3}") } else { try top.send(signal: signal) }
            #expect(try top.end() == .init(status: -Int(signal), isRestored: true))
        }
    }

    @Test func `Ctrl-Z gives the terminal back until the process continues`() throws {
        try withUsherd(Self.configuration) { daemon in
            let top = try top(daemon)
            try top.expect("0 of 0 shown")
            try top.type("\u{1a}")
            try waitUntil("it is stopped, and the terminal is restored") { top.state.hasPrefix("stopped restored") }
            try top.resize(columns: 80, rows: 24)
            try top.send(signal: SIGCONT)
            try top.expect("it draws again") { $0.count == 24 && $0[4].contains("0 of 0 shown") }
            #expect(top.state.hasPrefix("running"))
            try top.type("q")
            #expect(try top.end() == .init(status: 0, isRestored: true))
        }
    }

    @Test func `without a terminal, or without a daemon, there is a sentence`() throws {
        try withUsherd(Self.configuration) { daemon in
            let control = daemon.directory.appending("control")
            let piped = try run(BuiltProgram.path(of: "usherctl"), ["top", "--control", control])
            #expect(piped.end == .exited(64))
            #expect(piped.errors.hasPrefix("usherctl: top draws on a terminal, "))
            let dumb = try top(daemon, environment: ["TERM": "dumb"])
            #expect(try dumb.end() == .init(status: 64, isRestored: true))
            #expect(dumb.screen[0].hasPrefix("usherctl: top draws on a terminal, "))
            let absent = try TopSession([], control: daemon.directory.appending("nothing"), columns: 300)
            #expect(try absent.end() == .init(status: 69, isRestored: true))
            #expect(absent.screen[0].hasPrefix("usherctl: cannot connect to usherd: "))
            let json = try run(BuiltProgram.path(of: "usherctl"), ["top", "--json", "--control", control])
            #expect(json.end == .exited(64))
        }
    }

    @Test func `colours are used unless NO_COLOR forbids them`() throws {
        try withUsherd(Self.configuration) { daemon in
            for (environment, state) in [(["NO_COLOR": "1"], "running"), ([:], "running coloured")] {
                let top = try top(daemon, environment: environment)
                try top.expect("0 of 0 shown")
                try waitUntil("the state is \(state)") { top.state == state }
                try top.type("q")
                #expect(try top.end() == .init(status: 0, isRestored: true))
            }
        }
    }
}
