// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Upstreams that go down and come back.
@Suite struct ForwardHealthTests {
    private func configuration(_ upstreams: [GreetingServer], _ more: String) -> String {
        """
        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        to = [\(upstreams.map { "\"\($0.address)\"" }.joined(separator: ", "))]
        balance = "round-robin"
        \(more)
        """
    }

    /// Checks that look at the greeting and at what comes back. One that is refused fails at once, so the time is for a
    /// busy machine to answer in.
    private let checks =
        "health = { interval = \"1s\", timeout = \"1s\", rise = 1, fall = 2, send = \"well?\", expect = \"\\nwell?\" }"

    private func served(_ daemon: Usherd) throws -> (name: String, client: Client) {
        let client = try Client(daemon.address("front"))
        return (try client.receiveLine() ?? "", client)
    }

    @Test func `failed connects eject an upstream, and a trial ends the ejection`() throws {
        let dead = try GreetingServer("a")
        let other = try GreetingServer("b")
        try withUsherd(configuration([dead, other], "")) { daemon in
            try dead.stop()
            // Each finds the other one; who tries the dead one first says so in its record.
            try waitUntil("the upstream is down") {
                let (name, client) = try served(daemon)
                #expect(name == "b")
                client.close()
                return !daemon.records("upstream-down").isEmpty
            }
            let down = try daemon.record("upstream-down")
            #expect(down["upstream"] == dead.address.description)
            #expect(down["listener"] == "front")
            #expect(down["level"] == "warning")
            try waitUntil("the status tells of it") {
                daemon.status?.contains("1 of 2 upstreams of front down") == true
            }
            #expect(down["message"]?.contains("3 failed connections in a row") == true, "\(down.line)")
            #expect(daemon.records("close").count { $0["failures"] != nil } < 5, "then nobody tries it")

            let back = try waitFor("its address again") { try? GreetingServer("a", at: dead.address) }
            try waitUntil("it is used again") {
                let (name, client) = try served(daemon)
                client.close()
                return name == "a"
            }
            let up = try daemon.record("upstream-up")
            #expect(up["upstream"] == dead.address.description)
            #expect(up["level"] == "notice")
            try waitUntil("the status is quiet again") { daemon.status?.contains("down") == false }
            #expect(daemon.records("upstream-down").count == 1)
            #expect(daemon.records("upstream-up").count == 1)
            #expect(back.accepted > 0)
        }
    }

    @Test func `checks mark an upstream down before a client connects, and up again`() throws {
        let dying = try GreetingServer("a")
        let other = try GreetingServer("b")
        try withUsherd(configuration([dying, other], checks)) { daemon in
            try waitUntil("both are checked") { dying.accepted > 2 && other.accepted > 2 }
            try dying.stop()
            let down = try daemon.record("upstream-down")
            #expect(down["upstream"] == dying.address.description)
            #expect(down["message"]?.contains("in a row, last error") == true, "\(down.line)")
            for _ in 0..<6 {
                let (name, client) = try served(daemon)
                #expect(name == "b")
                client.close()
                let close = try daemon.close(of: client.name)
                #expect(close[number: "attempts"] == 1, "nobody meets the dead one")
                #expect(close["failures"] == nil)
            }
            let back = try waitFor("its address again") { try? GreetingServer("a", at: dying.address) }
            let up = try daemon.record("upstream-up")
            #expect(up["upstream"] == dying.address.description)
            var names: Set<String> = []
            for _ in 0..<4 {
                let (name, client) = try served(daemon)
                client.close()
                names.insert(name)
            }
            #expect(names == ["a", "b"])
            #expect(back.accepted > 0)
        }
    }

    @Test func `an upstream with an unexpected answer is down`() throws {
        let server = try GreetingServer("sick")
        let other = try GreetingServer("well")
        try withUsherd(configuration([server, other], checks.replacing("\\nwell?\" }", with: "well\\n\" }"))) {
            daemon in
            let down = try daemon.record("upstream-down") { $0["upstream"] == server.address.description }
            #expect(down["message"]?.contains("2 failed checks in a row") == true, "\(down.line)")
            let (name, client) = try served(daemon)
            #expect(name == "well")
            client.close()
        }
    }

    @Test func `with on-down = close the connections of that upstream are closed`() throws {
        let dying = try GreetingServer("a")
        let other = try GreetingServer("b")
        try withUsherd(configuration([dying, other], checks + "\non-down = \"close\"")) { daemon in
            let held = try (0..<4).map { _ in try served(daemon) }
            #expect(held.map(\.name).sorted() == ["a", "a", "b", "b"])
            // Its connections live on, but nobody can connect to it any more.
            try dying.stopListening()
            _ = try daemon.record("upstream-down")
            for (name, client) in held {
                if name == "a" {
                    #expect(throws: POSIXFailure("recv", ECONNRESET)) { try client.receive() }
                    let close = try daemon.close(of: client.name)
                    #expect(close["reason"] == "upstream-down")
                    #expect(close["by"] == "daemon")
                } else {
                    try client.send("still?")
                    #expect(try client.receive(exactly: 6) == Array("still?".utf8))
                }
            }
            #expect(daemon.records("close").count == 2)
            for (_, client) in held { client.close() }
        }
    }

    @Test func `with on-down = keep connections continue`() throws {
        let dying = try GreetingServer("a")
        try withUsherd(configuration([dying], checks)) { daemon in
            let (name, client) = try served(daemon)
            #expect(name == "a")
            try dying.stopListening()
            _ = try daemon.record("upstream-down")
            try client.send("still?")
            #expect(try client.receive(exactly: 6) == Array("still?".utf8))
            client.close()
        }
    }

    @Test func `with all upstreams down a client is refused immediately`() throws {
        let dying = [try GreetingServer("a"), try GreetingServer("b")]
        try withUsherd(configuration(dying, checks + "\nconnect-timeout = \"60s\"")) { daemon in
            for server in dying { try server.stop() }
            for server in dying {
                _ = try daemon.record("upstream-down") { $0["upstream"] == server.address.description }
            }
            let client = try Client(daemon.address("front"))
            try waitUntil("it is turned away") { client.isEnded }
            let refused = try daemon.record("refused")
            #expect(refused["reason"] == "every upstream is down")
            #expect(refused["rule"] == "listener.to")
            #expect(refused["peer"] == client.name)
            #expect(daemon.records("open").isEmpty)
            client.close()
        }
    }

    @Test(arguments: ["v1", "v2"])
    func `checks send a PROXY header with send-proxy`(version: String) throws {
        let port = try ReservedPort()
        let configuration = """
            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = "\(port.address)"
            send-proxy = "\(version)"
            health = { interval = "1s", fall = 1, rise = 1, send = "GET / HTTP/1.0\\r\\n\\r\\n", expect = " 200 " }
            """
        try withUsherd(configuration) { daemon in
            _ = try daemon.record("upstream-down")
            let haproxy = try HAProxy(
                """
                listen through
                    mode http
                    bind $TCP accept-proxy
                    http-request return status 200 content-type text/plain string "well"
                """, at: port)
            // Without a header it would be told nothing.
            _ = try daemon.record("upstream-up")
            let client = try Client(daemon.address("front"))
            try client.send("GET / HTTP/1.0\r\n\r\n")
            #expect(String(decoding: try client.receiveAll(), as: UTF8.self).hasSuffix("well"))
            client.close()
            try haproxy.stop()
        }
    }
}
