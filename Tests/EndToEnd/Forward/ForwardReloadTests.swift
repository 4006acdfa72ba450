// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What a reload changes, and above all what it does not.
@Suite struct ForwardReloadTests {
    private func configuration(_ upstreams: [String], _ more: String = "") -> String {
        """
        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        to = [\(upstreams.joined(separator: ", "))]
        \(more)
        """
    }

    private func upstream(_ server: GreetingServer, _ more: String = "") -> String {
        "{ address = \"\(server.address)\"\(more.isEmpty ? "" : ", ")\(more) }"
    }

    private func served(_ daemon: Usherd, by name: String, sourceLocation: SourceLocation = #_sourceLocation)
        throws -> Client
    {
        let client = try Client(daemon.address("front"))
        #expect(try client.receiveLine() == name, sourceLocation: sourceLocation)
        return client
    }

    private func expectEcho(_ client: Client, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try client.send("still?")
        #expect(try client.receive(exactly: 6) == Array("still?".utf8), sourceLocation: sourceLocation)
    }

    private let checks =
        "health = { interval = \"1s\", timeout = \"1s\", fall = 2, rise = 1, expect = \"\\n\" }"

    /// The upstream that all wait for is `a`, which takes one connection; the reload says what else there is.
    @Test(
        arguments: [
            "another upstream", "other upstreams alone", "more connections", "any number of connections", "no backup",
        ])
    func `a waiting connection uses an upstream that a reload adds`(change: String) throws {
        let a = try GreetingServer("a")
        let b = try GreetingServer("b")
        let limited = upstream(a, "max-connections = 1")
        let (before, after, name) =
            switch change {
            case "another upstream": ([limited], [limited, upstream(b)], "b")
            case "other upstreams alone": ([limited], [upstream(b)], "b")
            case "more connections": ([limited], [upstream(a, "max-connections = 4")], "a")
            case "any number of connections": ([limited], [upstream(a)], "a")
            default: ([limited, upstream(b, "backup = true")], [limited, upstream(b)], "b")
            }
        let waits = "queue-timeout = \"60s\""
        try withUsherd(configuration(before, waits)) { daemon in
            let held = try served(daemon, by: "a")
            let waiting = try (0..<3).map { _ in try Client(daemon.address("front")) }
            try daemon.records("open", count: 4)
            try daemon.reload(configuration(after, waits))
            for client in waiting {
                #expect(try client.receiveLine() == name)
                try expectEcho(client)
                client.close()
            }
            try expectEcho(held)
            held.close()
            let ends = try daemon.records("close", count: 4)
            #expect(ends.allSatisfy { $0["reason"] == "client-closed" && $0[number: "attempts"] == 1 })
        }
    }

    @Test func `a waiting connection keeps its place in the queue over a reload`() throws {
        let a = try GreetingServer("a")
        let b = try GreetingServer("b")
        let waits = "queue-timeout = \"60s\""
        // On two lanes the three that wait look for an upstream in their order all the same.
        let twoLanes = "[daemon]\nlanes = 2\n"
        try withUsherd(twoLanes + configuration([upstream(a, "max-connections = 1")], waits)) { daemon in
            let held = try served(daemon, by: "a")
            let waiting = try (2...4).map { count in
                let client = try Client(daemon.address("front"))
                // One after the other, so that their order is known.
                try daemon.records("open", count: count)
                return client
            }
            try daemon.reload(twoLanes + configuration([upstream(b, "max-connections = 1")], waits))
            for (client, count) in zip(waiting, 1...3) {
                #expect(try client.receiveLine() == "b")
                #expect(b.accepted == count && b.open == 1)
                client.close()
            }
            // Room where it is no upstream of anybody any more calls nobody in vain.
            held.close()
            #expect(try daemon.records("close", count: 4).allSatisfy { $0["reason"] == "client-closed" })
        }
    }

    @Test func `a waiting connection gets the PROXY header of the new settings`() throws {
        let a = try GreetingServer("a")
        let b = try GreetingServer("b")
        let waits = "queue-timeout = \"60s\""
        try withUsherd(configuration([upstream(a, "max-connections = 1")], "\(waits)\nsend-proxy = \"v2\"")) { daemon in
            let held = try Client(daemon.address("front"))
            #expect(try held.receiveLine() == "a")
            let waiting = try Client(daemon.address("front"))
            try waiting.send("hello\n")
            try daemon.records("open", count: 2)
            try daemon.reload(configuration([upstream(b)], "\(waits)\nsend-proxy = \"v1\""))
            #expect(try waiting.receiveLine() == "b")
            // The upstream returns all that it gets.
            #expect(try waiting.receiveLine()?.hasPrefix("PROXY TCP4 127.0.0.1 127.0.0.1 ") == true)
            #expect(try waiting.receiveLine() == "hello")
            for client in [held, waiting] { client.close() }
        }
    }

    @Test func `open connections survive every change`() throws {
        let a = try GreetingServer("a")
        let b = try GreetingServer("b")
        try withUsherd(configuration([upstream(a)])) { daemon in
            let client = try served(daemon, by: "a")
            let changes = [
                configuration([upstream(a, "weight = 7")]),
                configuration([upstream(a, "max-connections = 1")]),
                configuration([upstream(b), upstream(a)]),
                configuration([upstream(a), upstream(b)], "balance = \"round-robin\"\nconnect-timeout = \"1s\""),
                configuration([upstream(a), upstream(b)], checks),
                configuration([upstream(b)], "idle-timeout = \"10m\""),
                configuration([upstream(a)], "send-proxy = \"v2\""),
            ]
            for (number, change) in changes.enumerated() {
                try daemon.reload(change)
                try #expect(daemon.records("reload", count: number + 1).count == number + 1)
                #expect(daemon.records("reload-failed").isEmpty)
                try expectEcho(client)
            }
            #expect(daemon.records("listening").count == 1)
            #expect(daemon.records("close").isEmpty)
            client.close()
            let close = try daemon.record("close")
            #expect(close["reason"] == "client-closed")
            #expect(close["upstream"] == a.address.description)
        }
    }

    @Test func `a removed upstream keeps its connections until they end`() throws {
        let a = try GreetingServer("a")
        let b = try GreetingServer("b")
        try withUsherd(configuration([upstream(a)])) { daemon in
            let old = try served(daemon, by: "a")
            try daemon.reload(configuration([upstream(b)]))
            for _ in 0..<3 {
                let new = try served(daemon, by: "b")
                new.close()
            }
            try expectEcho(old)
            #expect(a.accepted == 1)
            old.close()
            #expect(try daemon.close(of: old.name)["upstream"] == a.address.description)
        }
    }

    /// As when a change is taken back.
    @Test func `connections are counted again when a removed upstream is added again`() throws {
        let a = try GreetingServer("a")
        let b = try GreetingServer("b")
        let limited = configuration([upstream(a, "max-connections = 1")], "queue-limit = 0")
        try withUsherd(limited) { daemon in
            let held = try served(daemon, by: "a")
            try daemon.reload(configuration([upstream(b)]))
            try served(daemon, by: "b").close()
            try daemon.reload(limited)
            let refused = try Client(daemon.address("front"))
            try waitUntil("it is turned away") { refused.isEnded }
            #expect(try daemon.record("refused")["rule"] == "listener.queue-limit")
            #expect(a.open == 1)
            for client in [held, refused] { client.close() }
        }
    }

    @Test func `connections from before a reload still count`() throws {
        let a = try GreetingServer("a")
        let b = try GreetingServer("b")
        let limited = upstream(a, "max-connections = 2")
        try withUsherd(configuration([limited], "queue-limit = 0")) { daemon in
            let held = [try served(daemon, by: "a"), try served(daemon, by: "a")]
            try daemon.reload(configuration([upstream(a, "max-connections = 2, weight = 9")], "queue-limit = 0"))
            let refused = try Client(daemon.address("front"))
            try waitUntil("it is turned away") { refused.isEnded }
            #expect(try daemon.record("refused")["rule"] == "listener.queue-limit")
            refused.close()

            // Who has two gets no third one before the other one has as many.
            try daemon.reload(configuration([upstream(a), upstream(b)]))
            let more = [try served(daemon, by: "b"), try served(daemon, by: "b")]
            for client in held + more { client.close() }
        }
    }

    @Test func `a waiting connection is served when a reload raises the limit`() throws {
        let a = try GreetingServer("a")
        let more = "queue-timeout = \"60s\""
        try withUsherd(configuration([upstream(a, "max-connections = 1")], more)) { daemon in
            let first = try served(daemon, by: "a")
            let second = try Client(daemon.address("front"))
            try daemon.records("open", count: 2)
            try daemon.reload(configuration([upstream(a, "max-connections = 2")], more))
            // What it waits for was promised by the configuration that it came under.
            first.close()
            #expect(try second.receiveLine() == "a")
            second.close()
        }
    }

    @Test func `a new connection waits behind those from before a reload`() throws {
        let a = try GreetingServer("a")
        let more = "queue-timeout = \"60s\""
        try withUsherd(configuration([upstream(a, "max-connections = 1")], more)) { daemon in
            let first = try served(daemon, by: "a")
            try daemon.reload(configuration([upstream(a, "max-connections = 1, weight = 2")], more))
            let second = try Client(daemon.address("front"))
            try daemon.records("open", count: 2)
            first.close()
            #expect(try second.receiveLine() == "a")
            second.close()
        }
    }

    @Test func `a reload keeps an upstream down without a new record`() throws {
        let dead = try GreetingServer("dead")
        let b = try GreetingServer("b")
        try dead.stop()
        try withUsherd(configuration([upstream(dead), upstream(b)], checks)) { daemon in
            _ = try daemon.record("upstream-down")
            try daemon.reload(configuration([upstream(dead, "weight = 200"), upstream(b)], checks))
            for _ in 0..<6 {
                let client = try served(daemon, by: "b")
                client.close()
                let close = try daemon.close(of: client.name)
                #expect(close[number: "attempts"] == 1)
            }
            #expect(daemon.records("upstream-down").count == 1)
            let back = try waitFor("its address again") { try? GreetingServer("dead", at: dead.address) }
            let up = try daemon.record("upstream-up")
            #expect(up["upstream"] == dead.address.description)
            try waitUntil("the upstream has accepted the check") { back.accepted > 0 }
        }
    }

    @Test func `an invalid configuration changes nothing`() throws {
        let a = try GreetingServer("a")
        try withUsherd(configuration([upstream(a)])) { daemon in
            let client = try served(daemon, by: "a")
            try daemon.reload(configuration(["\"unix-seqpacket:///nowhere\""]))
            #expect(try daemon.record("reload-failed")["level"] == "error")
            try expectEcho(client)
            let other = try served(daemon, by: "a")
            for client in [client, other] { client.close() }
        }
    }
}
