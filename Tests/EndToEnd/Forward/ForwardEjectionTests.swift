// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Upstreams of which failures of connections have ejected every one.
@Suite struct ForwardEjectionTests {
    private func configuration(_ addresses: [String], scheme: String = "tcp", _ more: String = "") -> String {
        """
        [listener.front]
        listen = "\(scheme)://127.0.0.1:0"
        service = "forward"
        to = [\(addresses.map { "\"\($0)\"" }.joined(separator: ", "))]
        \(more)
        """
    }

    /// Lets clients be refused until the upstreams are ejected, and so many more.
    private func refuseClients(_ daemon: Usherd, downs: Int, more: Int = 5) throws {
        var left = more
        try waitUntil("the upstreams are ejected") {
            let client = try Client(daemon.address("front"))
            #expect((try? client.receive())?.isEmpty ?? true)
            client.close()
            if daemon.records("upstream-down").count >= downs { left -= 1 }
            return left < 0
        }
    }

    @Test func `the first client after the only upstream is up again is served`() throws {
        let server = try GreetingServer("a")
        try withUsherd(configuration([server.address.description])) { daemon in
            try server.stop()
            try refuseClients(daemon, downs: 1)
            let back = try waitFor("its address again") { try? GreetingServer("a", at: server.address) }
            let client = try Client(daemon.address("front"))
            #expect(try client.receiveLine() == "a")
            client.close()
            #expect(try daemon.record("upstream-up")["upstream"] == server.address.description)
            #expect(daemon.records("upstream-down").count == 1)
            // Each client was tried, and refused by the upstream alone.
            #expect(daemon.records("refused").isEmpty)
            #expect(back.accepted > 0)
        }
    }

    @Test func `the first client after one of several upstreams is up again is served`() throws {
        let servers = try ["a", "b", "c", "d", "e"].map { try GreetingServer($0) }
        let addresses = servers.map(\.address.description)
        // Two are tried for each client, so that it takes turns to find the one that is back.
        try withUsherd(configuration(addresses, "attempts = 5")) { daemon in
            for server in servers { try server.stop() }
            try refuseClients(daemon, downs: 5)
            let back = try waitFor("its address again") { try? GreetingServer("d", at: servers[3].address) }
            let client = try Client(daemon.address("front"))
            #expect(try client.receiveLine() == "d")
            client.close()
            #expect(back.accepted > 0)
        }
    }

    @Test func `with eject = false an upstream is never ejected`() throws {
        let server = try GreetingServer("a")
        try withUsherd(configuration([server.address.description], "eject = false")) { daemon in
            try server.stop()
            for _ in 0..<10 {
                let client = try Client(daemon.address("front"))
                #expect((try? client.receive())?.isEmpty ?? true)
                client.close()
            }
            try daemon.records("close", count: 10)
            #expect(daemon.records("upstream-down").isEmpty)
        }
    }

    @Test func `while checks mark every upstream down, clients are refused`() throws {
        let server = try GreetingServer("a")
        let health =
            "health = { interval = \"1s\", timeout = \"1s\", rise = 1, fall = 1, expect = \"nothing of the kind\" }"
        try withUsherd(configuration([server.address.description], health)) { daemon in
            _ = try daemon.record("upstream-down")
            let client = try Client(daemon.address("front"))
            #expect((try? client.receive())?.isEmpty ?? true)
            client.close()
            #expect(try daemon.record("refused")["rule"] == "listener.to")
        }
    }

    @Test func `the first datagram after the only upstream is up again is answered`() throws {
        let server = try DatagramEcho("a")
        try withUsherd(configuration([server.address], scheme: "udp")) { daemon in
            let port = server.port
            try server.stop()
            let text = try #require(daemon.record("listening")["local"])
            try waitUntil("the upstream is ejected") {
                let client = try DatagramClient(to: text)
                try client.send("lost")
                return !daemon.records("upstream-down").isEmpty
            }
            let back = try waitFor("its port again") { try? DatagramEcho("a", port: port) }
            let client = try DatagramClient(to: text)
            try client.send("first")
            #expect(try client.receiveText() == "a:first")
            #expect(try daemon.record("upstream-up")["upstream"] == server.address)
            #expect(!back.received.isEmpty)
        }
    }

    // MARK: - What was passed

    @Test func `a passed socket that stops listening is logged, and others are served`() throws {
        let server = try Server()
        let raw = server.release()
        defer { Glibc.close(raw) }
        let configuration = """
            [listener.web]
            listen = "systemd://web"
            service = "echo"
            [listener.other]
            listen = "tcp://127.0.0.1:0"
            service = "echo"
            """
        let options = Usherd.Options(
            environment: ["LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"],
            wrapper: ["/bin/sh", "-c", "LISTEN_PID=$$ exec \"$@\"", "sh"], descriptors: [3: raw])
        try withUsherd(configuration, options) { daemon in
            #expect(shutdown(raw, CInt(SHUT_RDWR)) == 0)
            let failed = try daemon.record("failed")
            #expect(failed["listener"] == "web" && failed["errno"] == "EINVAL", "\(failed.line)")
            #expect(failed["message"]?.contains("is no longer listening") == true, "\(failed.line)")
            let client = try Client(daemon.address("other"))
            try client.send("x")
            #expect(try client.receive(exactly: 1) == Array("x".utf8))
            client.close()
            #expect(daemon.records("accept-paused").isEmpty)
            #expect(daemon.records("failed").count == 1)
        }
    }
}
