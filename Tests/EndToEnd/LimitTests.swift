// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `max-connections` of a listener and of the daemon: who comes too many is turned away, and the listener lives on.
@Suite struct LimitTests {
    private func expectEcho(_ client: Client) throws {
        try client.send("x")
        #expect(try client.receive(exactly: 1) == Array("x".utf8))
    }

    @Test func `a connection over the listener's limit is refused until another closes`() throws {
        let configuration = """
            [listener.echo]
            listen = ["tcp://127.0.0.1:0", "unix://$DIR/echo"]
            service = "echo"
            max-connections = 2

            [listener.other]
            listen = "tcp://127.0.0.1:0"
            service = "echo"
            """
        try withUsherd(configuration) { daemon in
            let address = try daemon.address("echo")
            let first = try Client(address)
            let second = try Client(daemon.address("echo", 1))
            for client in [first, second] { try expectEcho(client) }

            let third = try Client(address)
            #expect(try third.receiveAll().isEmpty, "closed at once")
            let refused = try daemon.record("refused")
            let time = try #require(refused["time"])
            #expect(
                refused.line == """
                    {"time":"\(time)","level":"warning","event":"refused",\
                    "message":"echo: refused \(third.name): max-connections of the listener (2)",\
                    "listener":"echo","service":"echo","peer":"\(third.name)","local":"\(address)",\
                    "reason":"max-connections of the listener (2)","rule":"listener.max-connections"}
                    """)
            let elsewhere = try Client(daemon.address("other"))
            try expectEcho(elsewhere)

            second.close()
            try daemon.records("close", count: 1)
            let next = try Client(address)
            try expectEcho(next)
            for client in [first, next, elsewhere] { client.close() }
            #expect(daemon.records("refused").count == 1)
        }
    }

    @Test func `a connection over the daemon's limit is refused on any listener`() throws {
        let configuration = """
            [daemon]
            max-connections = 2

            [listener.one]
            listen = "tcp://127.0.0.1:0"
            service = "echo"

            [listener.two]
            listen = "tcp://127.0.0.1:0"
            service = "chat"
            """
        try withUsherd(configuration) { daemon in
            let first = try Client(daemon.address("one"))
            try expectEcho(first)
            let second = try Client(daemon.address("two"))
            #expect(try second.receiveLine() != nil)
            for listener in ["one", "two"] {
                let refused = try Client(daemon.address(listener))
                #expect(try refused.receiveAll().isEmpty)
                let record = try daemon.record("refused") { $0["peer"] == refused.name }
                #expect(record["listener"] == listener)
                #expect(record["rule"] == "daemon.max-connections")
                #expect(record["reason"] == "max-connections of the daemon (2)")
            }
            first.close()
            try daemon.records("close", count: 1)
            let next = try Client(daemon.address("two"))
            #expect(try next.receiveLine()?.contains("1 other is here") == true)
            for client in [second, next] { client.close() }
        }
    }

    @Test func `the limit is exact under a flood of connections`() throws {
        let configuration = """
            [listener.echo]
            listen = "tcp://127.0.0.1:0"
            service = "echo"
            max-connections = 5
            """
        try withUsherd(configuration) { daemon in
            let address = try daemon.address("echo")
            var served = 0
            for _ in 0..<20 {
                let clients = try (0..<20).map { _ in try Client(address) }
                for client in clients {
                    // To one that was turned away nothing can be said.
                    _ = try? client.send("x")
                    if let answer = try? client.receive(atMost: 1), !answer.isEmpty { served += 1 }
                }
            }
            // Beyond the first refused ones, several share a record, which is written ten seconds later.
            try waitUntil("every client is in a record") {
                daemon.records("refused").reduce(daemon.records("close").count) { $0 + ($1[number: "count"] ?? 1) }
                    == 400
            }
            #expect(daemon.records("close").count >= served)
            let last = try Client(address)
            try expectEcho(last)
            last.close()
        }
    }
}
