// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Upstreams that cannot be reached.
@Suite struct ForwardConnectTests {
    private func configuration(_ upstreams: [ServerAddress], _ more: String = "") -> String {
        """
        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        to = [\(upstreams.map { "\"\($0)\"" }.joined(separator: ", "))]
        balance = "first"
        \(more)
        """
    }

    /// How a connection ends for a client that waits for something.
    private func end(of client: Client) throws -> CInt {
        do {
            return try client.receive().isEmpty ? 0 : -1
        } catch let failure as POSIXFailure {
            return failure.number
        }
    }

    @Test func `a refused connect is retried on the next upstream`() throws {
        let dead = [try ReservedPort(), try ReservedPort()]
        let server = try GreetingServer("up")
        try withUsherd(configuration(dead.map(\.address) + [server.address])) { daemon in
            let client = try Client(daemon.address("front"))
            // It has sent something before anything is known.
            try client.send("early")
            #expect(try client.receiveLine() == "up")
            #expect(try client.receive(exactly: 5) == Array("early".utf8))
            client.close()
            let close = try daemon.record("close")
            #expect(close["upstream"] == server.address.description)
            #expect(close[number: "attempts"] == 3)
            #expect(close["reason"] == "client-closed")
            let failures = try #require(close["failures"])
            for port in dead { #expect(failures.contains("\(port.address): Connection refused (ECONNREFUSED)")) }
        }
    }

    @Test func `without an upstream the client is reset, and the record has each failure`() throws {
        let directory = try TemporaryDirectory()
        let tcp = try ReservedPort()
        let missing = ServerAddress(.unix(path: directory.appending("missing")))
        let stale = try Server(ServerAddress(.unix(path: directory.appending("stale"))))
        stale.close()
        try withUsherd(configuration([tcp.address, missing, stale.address])) { daemon in
            let client = try Client(daemon.address("front"))
            #expect(try end(of: client) == ECONNRESET)
            let close = try daemon.record("close")
            #expect(close["reason"] == "connect-failed")
            #expect(close["by"] == "upstream")
            #expect(close["level"] == "warning")
            #expect(close["upstream"] == nil)
            #expect(close["connect_us"] == nil)
            #expect(close[number: "attempts"] == 3)
            let failures = try #require(close["failures"])
            #expect(
                failures == """
                    \(tcp.address): Connection refused (ECONNREFUSED); \
                    \(missing): No such file or directory (ENOENT); \
                    \(stale.address): Connection refused (ECONNREFUSED)
                    """)
            client.close()
        }
    }

    @Test func `attempts limits the upstreams that are tried`() throws {
        let dead = try ReservedPort()
        let server = try GreetingServer("up")
        try withUsherd(configuration([dead.address, server.address], "attempts = 1")) { daemon in
            let client = try Client(daemon.address("front"))
            #expect(try end(of: client) == ECONNRESET)
            let close = try daemon.record("close")
            #expect(close["reason"] == "connect-failed")
            #expect(close[number: "attempts"] == 1)
            #expect(server.accepted == 0)
            client.close()
        }
    }

    @Test func `an upstream that does not accept costs connect-timeout`() throws {
        let full = try Server(backlog: 0)
        let filler = try Client(full.address)
        let server = try GreetingServer("up")
        try withUsherd(configuration([full.address, server.address], "connect-timeout = \"200ms\"")) { daemon in
            let client = try Client(daemon.address("front"))
            #expect(try client.receiveLine() == "up")
            client.close()
            let close = try daemon.record("close")
            #expect(close["failures"] == "\(full.address): Connection timed out (ETIMEDOUT)")
            #expect(close[number: "attempts"] == 2)
            #expect(try #require(close[number: "duration_us"]) >= 200_000)
        }
        filler.close()
        full.close()
    }

    @Test func `early data reaches the upstream after a silent one`() throws {
        let directory = try TemporaryDirectory()
        let full = try Server(backlog: 0)
        let filler = try Client(full.address)
        let server = try Server(ServerAddress(.unix(path: directory.appending("up"))))
        try withUsherd(configuration([full.address, server.address], "connect-timeout = \"200ms\"")) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send("early")
            let upstream = try server.accept()
            #expect(try upstream.receive(exactly: 5) == Array("early".utf8))
            client.close()
            #expect(try upstream.receiveAll().isEmpty)
            upstream.close()
        }
        filler.close()
        full.close()
    }

    @Test func `connect-timeout at the only upstream resets the client`() throws {
        let full = try Server(backlog: 0)
        let filler = try Client(full.address)
        try withUsherd(configuration([full.address], "connect-timeout = \"200ms\"")) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send("early")
            #expect(try end(of: client) == ECONNRESET)
            let close = try daemon.record("close")
            #expect(close["reason"] == "connect-failed")
            #expect(close["failures"] == "\(full.address): Connection timed out (ETIMEDOUT)")
            client.close()
        }
        filler.close()
        full.close()
    }

    @Test func `a connect to a Unix upstream with a full backlog waits`() throws {
        let directory = try TemporaryDirectory()
        let full = try Server(ServerAddress(.unix(path: directory.appending("up"))), backlog: 0)
        let filler = try Client(full.address)
        try withUsherd(configuration([full.address], "connect-timeout = \"60s\"")) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send("early")
            _ = try daemon.record("open")
            let first = try full.accept()
            let second = try full.accept()
            #expect(try second.receive(exactly: 5) == Array("early".utf8))
            client.close()
            #expect(try second.receiveAll().isEmpty)
            for end in [first, second] { end.close() }
        }
        filler.close()
        full.close()
    }

    @Test func `a connect to a Unix upstream whose backlog stays full times out`() throws {
        let directory = try TemporaryDirectory()
        let full = try Server(ServerAddress(.unix(path: directory.appending("up"))), backlog: 0)
        let filler = try Client(full.address)
        try withUsherd(configuration([full.address], "connect-timeout = \"200ms\"")) { daemon in
            let client = try Client(daemon.address("front"))
            #expect(try end(of: client) == ECONNRESET)
            let close = try daemon.record("close")
            #expect(close["reason"] == "connect-failed")
            #expect(close["failures"]?.hasPrefix("\(full.address): ") == true, "\(close.line)")
            client.close()
        }
        filler.close()
        full.close()
    }

    @Test func `clients that disconnect during connect are closed`() throws {
        let full = try Server(backlog: 0)
        let filler = try Client(full.address)
        try withUsherd(configuration([full.address], "connect-timeout = \"60s\"")) { daemon in
            let before = daemon.descriptorCount
            let clients = try (0..<20).map { _ in try Client(daemon.address("front")) }
            try daemon.records("open", count: 20)
            #expect(daemon.descriptorCount >= before + 40)
            for client in clients { client.reset() }
            for close in try daemon.records("close", count: 20) {
                #expect(close["reason"] == "reset-by-client")
                #expect(close["by"] == "client")
            }
            try waitUntil("their sockets are closed") { daemon.descriptorCount <= before + 8 }
        }
        filler.close()
        full.close()
    }

    @Test func `a name that does not resolve is in failures`() throws {
        let server = try GreetingServer("up")
        let configuration = """
            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = ["tcp://nowhere.invalid:7", "\(server.address)"]
            balance = "first"
            """
        try withUsherd(configuration) { daemon in
            let client = try Client(daemon.address("front"))
            #expect(try client.receiveLine() == "up")
            client.close()
            let close = try daemon.record("close")
            #expect(
                close["failures"]?.hasPrefix("tcp://nowhere.invalid:7: does not resolve: ") == true, "\(close.line)")
        }
    }

    @Test(.enabled(if: MountNamespace.isAvailable), arguments: [true, false])
    func `IPv4 wins where IPv6 is dead or silent`(isSilent: Bool) throws {
        let directory = try TemporaryDirectory()
        try directory.write("127.0.0.1 both.test\n::1 both.test\n", to: "hosts")
        let server = try GreetingServer("up")
        let silent = isSilent ? try Server(server.address.at("::1"), backlog: 0) : nil
        let filler = try silent.map { try Client($0.address) }
        let configuration = """
            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = "tcp://both.test:\(server.address.port)"
            connect-timeout = "60s"
            """
        var options = Usherd.Options()
        options.wrapper = MountNamespace.wrapper("mount --bind \(directory.appending("hosts")) /etc/hosts")
        try withUsherd(configuration, options) { daemon in
            for _ in 0..<3 {
                let client = try Client(daemon.address("front"))
                #expect(try client.receiveLine() == "up")
                client.close()
                let close = try daemon.close(of: client.name)
                #expect(close["upstream"] == server.address.description)
                #expect(close[number: "attempts"] == 1)
            }
        }
        filler?.close()
        silent?.close()
    }

    @Test func `source sets the local address`() throws {
        let server = try Server()
        try withUsherd(configuration([server.address], "source = \"127.0.0.5\"")) { daemon in
            let client = try Client(daemon.address("front"))
            let upstream = try server.accept()
            #expect(upstream.name.hasPrefix("tcp://127.0.0.5:"))
            client.close()
            #expect(try upstream.receiveAll().isEmpty)
            upstream.close()
        }
    }
}
