// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import LinuxSystem
@testable import Supervisor

@Suite struct SupervisorReloadTests {
    private static let echo = """
        [listener.echo]
        listen = ["tcp://127.0.0.1:0", "unix://DIR/echo"]
        service = "echo"

        """

    private static func at(_ port: UInt16, _ host: String = "127.0.0.1", name: String = "a", _ more: String = "")
        -> String
    {
        "[listener.\(name)]\nlisten = \"tcp://\(host):\(port)\"\nservice = \"echo\"\n\(more)\n"
    }

    private func isRefused(_ address: ServerAddress) -> Bool {
        do {
            _ = try Client(address)
            return false
        } catch {
            return (error as? POSIXFailure).map { [ECONNREFUSED, ENOENT].contains($0.number) } ?? false
        }
    }

    /// The message of the last reload, of so many.
    private func lastReload(
        _ daemon: SupervisorHarness, _ event: String = "reload", number: Int = 1
    ) throws -> String {
        try daemon.records(event, atLeast: number).last?["message"] ?? ""
    }

    // MARK: - Each kind of change

    @Test func `an unchanged listener keeps its socket, connections and backlog`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let addresses = try daemon.addresses("echo")
        let raw = try daemon.onQueue { $0.listeners["echo"]?.sockets.map(\.socket.raw) }
        let clients = try addresses.map { try Client($0) }
        for client in clients { #expect(try echoes(client)) }
        let hold = try LaneHold(daemon)
        let waiting = try addresses.map { try Client($0) }
        let line = try daemon.onQueue { try #require($0.listeners["echo"]).settings.origin.place.line }
        try daemon.reload("# only a comment\n" + Self.echo)
        hold.release()
        #expect(try daemon.addresses("echo") == addresses)
        #expect(try daemon.onQueue { $0.listeners["echo"]?.sockets.map(\.socket.raw) } == raw)
        for client in clients + waiting { #expect(try echoes(client)) }
        #expect(try lastReload(daemon) == "configuration reloaded: 1 unchanged")
        #expect(daemon.records().count { $0.event == "listening" } == 2)
        // The words of a later message come from where the listener is now.
        #expect(try daemon.onQueue { $0.listeners["echo"]?.settings.origin.place.line } == line + 1)
        let texts = daemon.manager.messages.map(\.text)
        let reloading = try #require(texts.firstIndex { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
        #expect(texts[reloading + 1].hasPrefix("READY=1\nSTATUS=1 listener, "))
        #expect(daemon.manager.status.contains("; reloaded "))
    }

    @Test func `new settings apply to new connections, not to open ones`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let addresses = try daemon.addresses("echo")
        let before = try addresses.map { try Client($0) }
        for client in before { #expect(try echoes(client)) }
        try daemon.reload(Self.echo.replacing("\"echo\"\n", with: "\"daytime\"\n"))
        #expect(try lastReload(daemon) == "configuration reloaded: 1 changed")
        #expect(try daemon.addresses("echo") == addresses)
        for address in addresses { #expect(try !Client(address).receiveAll().isEmpty) }
        for client in before { #expect(try echoes(client)) }
    }

    @Test func `RELOADING ends after every lane has applied the reload`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        try daemon.onQueue { $0.settleTime = .seconds(Int(patience.components.seconds)) }
        let hold = try LaneHold(daemon, lane: 1)
        try daemon.write(Self.echo + Self.at(0, name: "new"))
        let reload = Thread { try? daemon.reload() }
        reload.start()
        // All is done but for what the lane has to do.
        try daemon.records("listening", atLeast: 3)
        usleep(20_000)
        #expect(daemon.manager.count("READY=1") == 1)
        #expect(daemon.records().filter { $0.event == "reload" }.isEmpty)
        hold.release()
        #expect(try lastReload(daemon) == "configuration reloaded: 1 added, 1 unchanged")
        try waitUntil("it is ready") { daemon.manager.count("READY=1") == 2 }
    }

    @Test func `a lane that hangs does not block a reload for ever`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        try daemon.onQueue { $0.settleTime = .milliseconds(10) }
        let hold = try LaneHold(daemon)
        try daemon.reload(Self.at(0, name: "new"))
        #expect(daemon.manager.count("READY=1") == 2)
        hold.release()
        #expect(try echoes(Client(daemon.address("new"))))
    }

    @Test func `a new limit counts the open connections`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let address = try daemon.address("echo")
        let first = try Client(address)
        #expect(try echoes(first))
        try daemon.reload(Self.echo + "max-connections = 1\n")
        let second = try Client(address)
        #expect(try second.receiveAll().isEmpty)
        try daemon.records("refused")
        try daemon.reload(Self.echo, daemon: "max-connections = 1")
        #expect(try Client(address).receiveAll().isEmpty)
        try daemon.records("refused", atLeast: 2)
        try daemon.reload(Self.echo)
        #expect(try echoes(Client(address)))
        #expect(try echoes(first))
    }

    @Test func `an added listener listens, a removed one does not`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "drain-timeout = \"1h\"")
        defer { daemon.end() }
        let addresses = try daemon.addresses("echo")
        let clients = try addresses.map { try Client($0) }
        for client in clients { #expect(try echoes(client)) }
        try daemon.reload(
            "[listener.new]\nlisten = [\"tcp://127.0.0.1:0\", \"unix://DIR/new\"]\nservice = \"echo\"\n",
            daemon: "drain-timeout = \"1h\"")
        #expect(try lastReload(daemon) == "configuration reloaded: 1 added, 1 removed")
        for address in try daemon.addresses("new") { #expect(try echoes(Client(address))) }
        for address in addresses { try waitUntil("\(address) is refused") { isRefused(address) } }
        #expect(access(daemon.directory.appending("echo"), F_OK) != 0)
        #expect(
            try daemon.records("draining").first?["message"]
                == "echo was removed; draining: waiting up to 1h for 2 connections")
        for client in clients { #expect(try echoes(client)) }
        #expect(daemon.records().filter { $0.event == "stopped" }.isEmpty)
        for client in clients { client.close() }
        // Long before the drain-timeout.
        #expect(try daemon.records("stopped").first?["message"] == "echo stopped")
        #expect(try daemon.onQueue { $0.removedListeners.isEmpty })
    }

    @Test func `a removed listener without connections ends when the lanes have released it`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "drain-timeout = \"1h\"", lanes: 4)
        defer { daemon.end() }
        for number in 1...5 {
            try daemon.reload(Self.at(0, name: "l\(number)"), daemon: "drain-timeout = \"1h\"", lanes: "4")
            try daemon.records("stopped", atLeast: number)
        }
    }

    @Test func `connections of a removed listener are closed after the new drain-timeout`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "drain-timeout = \"1h\"")
        defer { daemon.end() }
        let client = try Client(daemon.address("echo"))
        #expect(try echoes(client))
        try daemon.reload(Self.at(0), daemon: "drain-timeout = \"20ms\"")
        #expect(try client.receiveAll().isEmpty)
        #expect(try daemon.records("close").first?.end == "drained by operator")
        #expect(try daemon.records("stopped").first?["message"] == "echo stopped; 1 connection closed")
        #expect(try echoes(Client(daemon.address("a"))))
    }

    @Test func `a rebound listener keeps its connections and closes the old address`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let old = try daemon.addresses("echo")
        let clients = try old.map { try Client($0) }
        for client in clients { #expect(try echoes(client)) }
        try daemon.reload(
            "[listener.echo]\nlisten = [\"tcp://127.0.0.1:0\", \"unix-seqpacket://DIR/other\"]\nservice = \"echo\"\n")
        #expect(try lastReload(daemon) == "configuration reloaded: 1 rebound")
        let new = try daemon.addresses("echo")
        #expect(new.first == old.first)
        #expect(try echoes(Client(try #require(new.first))))
        #expect(try echoes(Client(try #require(new.last)), "one message"))
        try waitUntil("the old path is refused") { isRefused(old[1]) }
        for client in clients { #expect(try echoes(client)) }
        #expect(daemon.records().filter { $0.event == "stopped" || $0.event == "draining" }.isEmpty)
    }

    @Test func `a socket moves to another listener with its backlog`() throws {
        let port = try ReservedPort().address.port
        let daemon = try SupervisorHarness(
            Self.at(port, name: "a") + "[listener.b]\nlisten = \"unix://DIR/b\"\nservice = \"daytime\"\n")
        defer { daemon.end() }
        let address = try daemon.address("a")
        let client = try Client(address)
        #expect(try echoes(client))
        let raw = try daemon.onQueue { $0.listeners["a"]?.sockets.first?.socket.raw }
        // Crosswise: a has what was b's, and b what was a's.
        try daemon.reload(
            "[listener.a]\nlisten = \"unix://DIR/b\"\nservice = \"echo\"\n"
                + "[listener.b]\nlisten = \"tcp://127.0.0.1:\(port)\"\nservice = \"daytime\"\n")
        #expect(try lastReload(daemon) == "configuration reloaded: 2 rebound")
        #expect(try daemon.onQueue { $0.listeners["b"]?.sockets.first?.socket.raw } == raw)
        #expect(try !Client(address).receiveAll().isEmpty)
        #expect(try echoes(Client(daemon.address("a"))))
        #expect(try echoes(client))
        #expect(access(daemon.directory.appending("b"), F_OK) == 0)
        // And from a removed one to a new one.
        try daemon.reload("[listener.c]\nlisten = \"tcp://127.0.0.1:\(port)\"\nservice = \"echo\"\n")
        #expect(try daemon.onQueue { $0.listeners["c"]?.sockets.first?.socket.raw } == raw)
        #expect(try echoes(Client(address)))
        #expect(access(daemon.directory.appending("b"), F_OK) != 0)
    }

    @Test func `chat keeps its members, and a service can change between one lane and all lanes`() throws {
        func chat(_ service: String, _ more: String = "") -> String {
            "[listener.talk]\nlisten = \"unix://DIR/talk\"\nservice = \"\(service)\"\n\(more)\n"
        }
        let daemon = try SupervisorHarness(chat("chat"))
        defer { daemon.end() }
        let address = try daemon.address("talk")
        let member = try Client(address)
        _ = try member.receiveLine()
        try daemon.reload(chat("chat", "max-connections = 7"))
        let second = try Client(address)
        #expect(try second.receiveLine() != nil)
        // The one who was there hears of the other: they are in one room.
        #expect(try member.receiveLine() != nil)
        try daemon.reload(chat("echo"))
        for _ in 0..<8 { #expect(try echoes(Client(address))) }
        try daemon.reload(chat("chat"))
        for _ in 0..<8 { #expect(try Client(address).receiveLine() != nil) }
        try daemon.reload(chat("echo"))
        for _ in 0..<8 { #expect(try echoes(Client(address))) }
    }

    @Test func `a closed port can be bound again while a busy lane still holds it`() throws {
        let port = try ReservedPort().address.port
        let daemon = try SupervisorHarness(Self.at(port, name: "a") + Self.at(0, name: "b"))
        defer { daemon.end() }
        let hold = try LaneHold(daemon, lane: 1)
        try daemon.reload(Self.at(0, name: "b"))
        try daemon.reload(Self.at(port, name: "c") + Self.at(0, name: "b"))
        hold.release()
        #expect(try lastReload(daemon, number: 2) == "configuration reloaded: 1 added, 1 unchanged")
        for _ in 0..<10 { #expect(try echoes(Client(daemon.address("c")))) }
    }

    @Test func `a max-connections above the descriptor limit is warned of at the reload`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "max-connections = 100", descriptorLimit: 1024)
        defer { daemon.end() }
        try daemon.records("started")
        try daemon.reload(Self.echo, daemon: "max-connections = 2000")
        let warnings = try daemon.records("warning").compactMap { $0["message"] }
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("max-connections is 2000") == true)
    }

    @Test func `a passed socket is used, kept, released and used again`() throws {
        let raw = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        guard listen(raw, 7) == 0 else { throw POSIXFailure("listen") }
        let daemon = try SupervisorHarness(Self.echo, passed: [("web", raw)])
        defer { daemon.end() }
        let web = "[listener.web]\nlisten = \"systemd://web\"\nservice = \"echo\"\n"
        try daemon.reload(web)
        let address = try daemon.address("web").at("127.0.0.1")
        let client = try Client(address)
        #expect(try echoes(client))
        try daemon.reload(Self.echo)
        // It is the manager's: who comes now waits for whoever takes it next.
        let waiting = try Client(address)
        try daemon.reload(web + "keepalive = true\n")
        #expect(try daemon.onQueue { $0.listeners["web"]?.sockets.map(\.socket.raw) } == [raw])
        #expect(try echoes(waiting))
        #expect(try echoes(client))
        #expect(try SocketOption.keepAlive.value(of: raw) == 1)
    }

    // MARK: - Overlapping addresses

    @Test(arguments: [
        ("*", "127.0.0.1"), ("*", "[::1]"), ("*", "[::]"), ("*", "0.0.0.0"), ("0.0.0.0", "127.0.0.1"),
        ("127.0.0.1", "0.0.0.0"), ("127.0.0.1", "*"), ("[::]", "*"), ("0.0.0.0", "*"), ("[::]", "[::1]"),
        ("[::1]", "[::]"),
    ])
    func `an address may change to or from the wildcard of its port`(from: String, to: String) throws {
        let port = try ReservedPort().address.port
        let daemon = try SupervisorHarness(Self.at(port, from))
        defer { daemon.end() }
        func client(_ host: String) throws -> Client {
            let isIPv4 = ["127.0.0.1", "0.0.0.0"].contains(host)
            return try Client(ServerAddress(.ip(host: isIPv4 || host == "*" ? "127.0.0.1" : "::1", port: port)))
        }
        let before = try client(from)
        #expect(try echoes(before))
        try daemon.reload(Self.at(port, to))
        #expect(try lastReload(daemon) == "configuration reloaded: 1 rebound")
        for _ in 0..<5 { #expect(try echoes(client(to))) }
        #expect(try echoes(before))
        // And nothing is left of the trick.
        let isShared = try daemon.onQueue { supervisor in
            try supervisor.listeners["a"]?.sockets.map { try SocketOption.reusePort.value(of: $0.socket.raw) }
        }
        #expect(isShared == [0])
    }

    @Test func `an address in use by another process fails the reload`() throws {
        let other = try SupervisorHarness(Self.at(0, "127.0.0.1"))
        defer { other.end() }
        let port = try other.address("a").port
        let daemon = try SupervisorHarness(Self.at(port, "127.0.0.2"))
        defer { daemon.end() }
        try daemon.reload(Self.at(port, "0.0.0.0"))
        #expect(
            try lastReload(daemon, "reload-failed").contains(
                "cannot listen on tcp://0.0.0.0:\(port): bind: Address already in use"))
        #expect(try echoes(Client(daemon.address("a").at("127.0.0.2"))))
        #expect(try echoes(Client(other.address("a"))))
        let isShared = try daemon.onQueue { supervisor in
            try supervisor.listeners["a"]?.sockets.map { try SocketOption.reusePort.value(of: $0.socket.raw) }
        }
        #expect(isShared == [0])
    }

    @Test func `a path that the old configuration uses differently is named in the error`() throws {
        let daemon = try SupervisorHarness("[listener.a]\nlisten = \"unix://DIR/a\"\nservice = \"echo\"\n")
        defer { daemon.end() }
        for (index, address) in ["unix-seqpacket://DIR/a", "unix://DIR/./a", "unix://DIR//a"].enumerated() {
            try daemon.reload("[listener.a]\nlisten = \"\(address)\"\nservice = \"echo\"\n")
            #expect(
                try lastReload(daemon, "reload-failed", number: index + 1).contains(
                    "the old configuration listens on this path"))
        }
        #expect(try echoes(Client(daemon.address("a"))))
    }
}
