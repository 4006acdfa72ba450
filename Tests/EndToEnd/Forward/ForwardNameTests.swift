// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Upstreams that are named, and name servers that answer, fail, lie or are silent.
@Suite(
    .enabled(if: MountNamespace.isAvailable, "neither root nor user namespaces: no resolv.conf for the daemon alone"))
struct ForwardNameTests {
    private static let name = "web.example.test"

    private func port(_ address: ServerAddress) throws -> UInt16 {
        guard case .ip(_, let port) = address.place else { throw POSIXFailure("an address of TCP", EINVAL) }
        return port
    }

    private func front(_ server: GreetingServer, _ more: String = "") throws -> String {
        """
        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        to = "tcp://\(Self.name):\(try port(server.address))"
        \(more)

        """
    }

    private func greeting(_ daemon: Usherd) throws -> String? {
        let client = try Client(daemon.address("front"))
        defer { client.close() }
        return try client.receiveLine()
    }

    /// The greeting; nil for a client that was turned away.
    private func served(_ daemon: Usherd) -> String? { (try? greeting(daemon)) ?? nil }

    private func expectService(_ daemon: Usherd) throws { #expect(try greeting(daemon) == "a") }

    // MARK: - A name server that fails after it has answered

    private static let troubles: [NameServer.Behaviour] = [
        .silent, .serverFailure, .noSuchName, .noData, .wrongIdentifier, .garbage, .truncated,
    ]

    /// The last good answer stays in use: RFC 8767.
    @Test(arguments: troubles)
    func `a failing name server fails no client`(trouble: NameServer.Behaviour) throws {
        let server = try GreetingServer("a")
        let names = try NameServer(["127.0.0.1"])
        try withUsherd(try front(server), try names.options()) { daemon in
            #expect(try greeting(daemon) == "a")
            names.behave(trouble)
            // Long after the second for which the answer was good: look-ups have begun and failed.
            try waitUntil("the failure is told") {
                try expectService(daemon)
                return !daemon.records("warning").filter { $0["listener"] == "front" }.isEmpty
            }
            let before = names.queries
            try waitUntil("the name was looked up again") {
                try expectService(daemon)
                return names.queries > before + 2
            }
            #expect(daemon.records("recovered").isEmpty)
            names.behave(.honest)
            try waitUntil("the end of it is told") {
                try expectService(daemon)
                return !daemon.records("recovered").isEmpty
            }
            let warnings = daemon.records("warning").filter { $0["listener"] == "front" }
            #expect(warnings.count == 1)
            #expect(warnings.first?["message"]?.contains("cannot resolve the name \(Self.name)") == true)
            #expect(daemon.records("recovered").count == 1)
            #expect(daemon.records("close").allSatisfy { $0["failures"] == nil })
            #expect(daemon.records("upstream-down").isEmpty)
        }
    }

    /// One failed check takes the upstream down, so the timeout is one that a busy host does not reach.
    private static let checks = "health = { interval = \"2s\", timeout = \"2s\", fall = 1, rise = 1 }"

    /// Checks, and the connections of an upstream that would be closed with it if it went down.
    @Test(arguments: [NameServer.Behaviour.silent, .serverFailure])
    func `a failing name server fails no check`(trouble: NameServer.Behaviour) throws {
        let server = try GreetingServer("a")
        let names = try NameServer(["127.0.0.1"])
        let checks = Self.checks + "\non-down = \"close\""
        try withUsherd(try front(server, checks), try names.options()) { daemon in
            let client = try Client(daemon.address("front"))
            #expect(try client.receiveLine() == "a")
            names.behave(trouble)
            _ = try daemon.record("warning") { $0["listener"] == "front" }
            let accepted = server.accepted
            try waitUntil("it was checked four times more") { server.accepted >= accepted + 4 }
            try client.send("still here\n")
            #expect(try client.receiveLine() == "still here")
            #expect(daemon.records("upstream-down").isEmpty)
            client.close()
        }
    }

    @Test func `checks of an unresolved name do not mark the upstream down`() throws {
        let server = try GreetingServer("a")
        let names = try NameServer(["127.0.0.1"], behaviour: .serverFailure)
        try withUsherd(try front(server, Self.checks), try names.options()) { daemon in
            _ = try daemon.record("warning") { $0["listener"] == "front" }
            let before = names.queries
            try waitUntil("it was looked up for more checks") { names.queries > before + 4 }
            #expect(daemon.records("upstream-down").isEmpty)
            names.behave(.honest)
            #expect(try greeting(daemon) == "a")
        }
    }

    @Test(arguments: [NameServer.Behaviour.silent, .noSuchName])
    func `a failing name server fails no flow`(trouble: NameServer.Behaviour) throws {
        let echo = try DatagramEcho("a")
        let names = try NameServer(["127.0.0.1"])
        let configuration = """
            [listener.flows]
            listen = "udp://127.0.0.1:0"
            service = "forward"
            to = "udp://\(Self.name):\(echo.port)"
            """
        try withUsherd(configuration, try names.options()) { daemon in
            func answer() throws -> String? {
                let client = try DatagramClient(to: flowAddress(daemon))
                try client.send("x")
                return try client.receiveText()
            }
            func expectAnswer() throws { #expect(try answer() == "a:x") }
            try expectAnswer()
            names.behave(trouble)
            try waitUntil("the failure is told") {
                try expectAnswer()
                return !daemon.records("warning").filter { $0["listener"] == "flows" }.isEmpty
            }
            for _ in 0..<5 { #expect(try answer() == "a:x") }
            #expect(daemon.records("upstream-down").isEmpty)
        }
    }

    private func flowAddress(_ daemon: Usherd) throws -> String {
        try waitFor("the listening record") { daemon.records("listening").first?["local"] }
    }

    // MARK: - Answers that change

    @Test func `added and removed addresses of a name are used`() throws {
        let first = try GreetingServer("a", at: ServerAddress(.ip(host: "127.0.0.2", port: 0)))
        let port = try port(first.address)
        let second = try GreetingServer("b", at: ServerAddress(.ip(host: "127.0.0.3", port: port)))
        let names = try NameServer(["127.0.0.2"])
        try withUsherd(try front(first), try names.options()) { daemon in
            #expect(try greeting(daemon) == "a")
            names.set(["127.0.0.3"])
            try waitUntil("the other address is used") { served(daemon) == "b" }
            #expect(try greeting(daemon) == "b")
            // Of both, the one that stands is used.
            names.set(["127.0.0.2", "127.0.0.3"])
            try second.stop()
            try waitUntil("the address that is back is used") { served(daemon) == "a" }
            #expect(daemon.records("warning").filter { $0["listener"] == "front" }.isEmpty)
        }
    }

    @Test func `a TTL of 0 causes at most one look-up a second`() throws {
        let server = try GreetingServer("a")
        let names = try NameServer(["127.0.0.1"], timeToLive: 0)
        try withUsherd(try front(server), try names.options()) { daemon in
            try expectService(daemon)
            let begin = ContinuousClock.now
            let before = names.queries
            for _ in 0..<200 { try expectService(daemon) }
            // A look-up asks for two families, and for the time to live of each; it begins 0.8 s after the last at the soonest.
            let lookups = 1 + Int((ContinuousClock.now - begin) / .milliseconds(800))
            #expect(names.queries - before <= 4 * (lookups + 1))
        }
    }

    @Test func `a slow name server delays no client after its first answer`() throws {
        let server = try GreetingServer("a")
        let names = try NameServer(["127.0.0.1"])
        try withUsherd(try front(server, "connect-timeout = \"1s\""), try names.options(patience: 30)) { daemon in
            // A client that waited for the look-up would wait longer than connect-timeout.
            try waitUntil("the name is known") { served(daemon) == "a" }
            let before = names.queries
            names.behave(.slow(1500))
            try waitUntil("a look-up is under way") {
                _ = served(daemon)
                return names.queries > before
            }
            #expect(try greeting(daemon) == "a")
        }
    }

    // MARK: - A name that was never resolved

    @Test func `the first client waits for the first answer`() throws {
        let server = try GreetingServer("a")
        let names = try NameServer(["127.0.0.1"], behaviour: .serverFailure)
        try withUsherd(try front(server, "connect-timeout = \"50s\""), try names.options()) { daemon in
            let client = try Client(daemon.address("front"))
            let warning = try daemon.record("warning") { $0["listener"] == "front" }
            #expect(warning["message"]?.contains("Clients wait for an address") == true)
            names.behave(.honest)
            #expect(try client.receiveLine() == "a")
            client.close()
            #expect(try daemon.record("recovered")["level"] == "notice")
        }
    }

    @Test(arguments: [NameServer.Behaviour.silent, .serverFailure, .noSuchName])
    func `a look-up that times out is logged, and no upstream is down`(
        trouble: NameServer.Behaviour
    ) throws {
        let server = try GreetingServer("a")
        let names = try NameServer([], behaviour: trouble)
        try withUsherd(try front(server, "connect-timeout = \"100ms\""), try names.options(patience: 5)) { daemon in
            for _ in 0..<5 {
                let client = try Client(daemon.address("front"))
                let close = try daemon.close(of: client.name)
                #expect(close["reason"] == "connect-failed" && close["by"] == "daemon", "\(close.line)")
                #expect(close["failures"]?.contains(Self.name) == true)
                #expect(close["failures"]?.contains("resolve") == true)
                client.close()
            }
            #expect(daemon.records("upstream-down").isEmpty)
            names.set(["127.0.0.1"])
            names.behave(.honest)
            try waitUntil("clients are served") { served(daemon) == "a" }
        }
    }

    @Test func `another upstream is used while a name does not resolve`() throws {
        let server = try GreetingServer("a")
        let names = try NameServer([], behaviour: .noSuchName)
        let configuration = """
            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            balance = "first"
            connect-timeout = "1h"
            to = ["tcp://\(Self.name):9", "\(server.address)"]
            """
        try withUsherd(configuration, try names.options()) { daemon in
            for _ in 0..<3 { try expectService(daemon) }
            #expect(daemon.records("upstream-down").isEmpty)
        }
    }

    @Test func `three hundred hanging look-ups delay neither SIGHUP nor SIGTERM`() throws {
        let names = try NameServer([], behaviour: .silent)
        let listeners = (0..<300).map { number in
            """
            [listener.l\(number)]
            listen = "unix://$DIR/\(number)"
            service = "forward"
            to = "tcp://h\(number).example.test:9"

            """
        }
        let configuration = "[daemon]\ndrain-timeout = \"1ms\"\n" + listeners.joined()
        let daemon = try Usherd(configuration, try names.options(patience: 30))
        let clients = try (0..<300).map { try Client(ServerAddress(.unix(path: daemon.directory.appending("\($0)")))) }
        try waitUntil("names are looked up") { names.queries >= 8 }
        let before = daemon.threads
        try daemon.reload()
        // Eight resolvers, whatever the number of names.
        #expect(daemon.threads <= before + 8)
        #expect(try daemon.stop() == .exited(0), "\(daemon.said)")
        for client in clients { client.close() }
    }

    // MARK: - All addresses of a name

    /// /etc/hosts has ::1 first, where nobody listens.
    @Test func `a check tries every address of a name`() throws {
        let server = try GreetingServer("a")
        let configuration = try front(server, Self.checks)
        try withUsherd(configuration, try NameServer.options(hosts: "::1 \(Self.name)\n127.0.0.1 \(Self.name)\n")) {
            daemon in
            try waitUntil("it was checked") { server.accepted >= 4 }
            #expect(daemon.records("upstream-down").isEmpty)
            #expect(try greeting(daemon) == "a")
        }
    }

    /// A socket that is bound to an IPv4 address reaches no other family.
    @Test func `a check uses source, to an address of its family`() throws {
        let server = try GreetingServer("a")
        let configuration = try front(server, "source = \"127.0.0.9\"\n" + Self.checks)
        try withUsherd(configuration, try NameServer.options(hosts: "::1 \(Self.name)\n127.0.0.1 \(Self.name)\n")) {
            daemon in
            try waitUntil("it was checked") { server.accepted >= 4 }
            #expect(daemon.records("upstream-down").isEmpty)
        }
    }

    @Test func `datagrams are sent to the address that answers`() throws {
        let echo = try DatagramEcho("a")
        let configuration = """
            [listener.flows]
            listen = "udp://127.0.0.1:0"
            service = "forward"
            to = "udp://\(Self.name):\(echo.port)"
            """
        try withUsherd(configuration, try NameServer.options(hosts: "::1 \(Self.name)\n127.0.0.1 \(Self.name)\n")) {
            daemon in
            for _ in 0..<6 {
                let client = try DatagramClient(to: flowAddress(daemon))
                try client.send("x")
                #expect(try client.receiveText() == "a:x")
            }
            #expect(daemon.records("upstream-down").isEmpty)
        }
    }
}
