// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Clients that wait because all upstreams have their `max-connections`.
@Suite struct ForwardQueueTests {
    private func configuration(_ server: GreetingServer, _ more: String) -> String {
        """
        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        to = [{ address = "\(server.address)", max-connections = 2 }]
        \(more)
        """
    }

    private func served(_ daemon: Usherd) throws -> Client {
        let client = try Client(daemon.address("front"))
        #expect(try client.receiveLine() == "up")
        return client
    }

    @Test func `a free place goes to the connection that waits longest`() throws {
        let server = try GreetingServer("up")
        try withUsherd(configuration(server, "queue-timeout = \"60s\"")) { daemon in
            var held = [try served(daemon), try served(daemon)]
            var waiting: [Client] = []
            for count in 3...6 {
                let client = try Client(daemon.address("front"))
                try client.send("\(count)")
                waiting.append(client)
                // One after the other, so that their order is known.
                try daemon.records("open", count: count)
            }
            for (client, count) in zip(waiting, 3...6) {
                #expect(server.accepted == count - 1)
                held.removeFirst().close()
                #expect(try client.receiveLine() == "up")
                #expect(try client.receive(exactly: 1) == Array("\(count)".utf8))
                #expect(server.open <= 2)
                held.append(client)
            }
            for client in held { client.close() }
            let ends = try daemon.records("close", count: 6)
            #expect(ends.allSatisfy { $0["reason"] == "client-closed" && $0[number: "attempts"] == 1 })
            // Two had room at once; whoever waited says how long.
            #expect(ends.count { $0[number: "queue_us"] != nil } == 4, "\(ends.map(\.line))")
        }
    }

    @Test func `many waiting connections are all served`() throws {
        let server = try GreetingServer("up")
        try withUsherd(configuration(server, "queue-timeout = \"60s\"")) { daemon in
            let clients = try (0..<40).map { _ in try Client(daemon.address("front")) }
            var waiting = clients
            while !waiting.isEmpty {
                let index = try waitFor("somebody who is served") { waiting.firstIndex(where: \.hasInput) }
                let client = waiting.remove(at: index)
                #expect(try client.receiveLine() == "up")
                #expect(server.open <= 2)
                client.close()
            }
            try daemon.records("close", count: 40)
            #expect(server.accepted == 40)
        }
    }

    @Test func `a connection that waits longer than queue-timeout is reset`() throws {
        let server = try GreetingServer("up")
        try withUsherd(configuration(server, "queue-timeout = \"200ms\"")) { daemon in
            let held = [try served(daemon), try served(daemon)]
            let client = try Client(daemon.address("front"))
            #expect(throws: POSIXFailure("recv", ECONNRESET)) { try client.receive() }
            let close = try daemon.close(of: client.name)
            #expect(close["reason"] == "queue-timeout")
            #expect(try #require(close[number: "queue_us"]) >= 200_000, "\(close.line)")
            #expect(close["by"] == "daemon")
            #expect(close[number: "attempts"] == 0)
            #expect(try #require(close[number: "duration_us"]) >= 200_000)
            #expect(server.accepted == 2)
            client.close()
            for client in held { client.close() }
        }
    }

    @Test(arguments: [0, 1])
    func `queue-limit limits the waiting connections`(limit: Int) throws {
        let server = try GreetingServer("up")
        try withUsherd(configuration(server, "queue-limit = \(limit)\nqueue-timeout = \"60s\"")) { daemon in
            let held = [try served(daemon), try served(daemon)]
            let waiting = try (0..<limit).map { _ in try Client(daemon.address("front")) }
            try daemon.records("open", count: 2 + limit)
            let client = try Client(daemon.address("front"))
            try waitUntil("it is turned away") { client.isEnded }
            let refused = try daemon.record("refused")
            #expect(refused["peer"] == client.name)
            #expect(
                refused["reason"] == "every upstream has its max-connections, and the queue is full (\(limit))")
            #expect(refused["rule"] == "listener.queue-limit")
            client.close()
            held[0].close()
            for client in waiting { #expect(try client.receiveLine() == "up") }
            for client in waiting + held { client.close() }
        }
    }

    @Test func `a waiting connection that disconnects frees its place in the queue`() throws {
        let server = try GreetingServer("up")
        try withUsherd(configuration(server, "queue-limit = 1\nqueue-timeout = \"60s\"")) { daemon in
            let held = [try served(daemon), try served(daemon)]
            let first = try Client(daemon.address("front"))
            try daemon.records("open", count: 3)
            first.reset()
            #expect(try daemon.close(of: first.name)["reason"] == "reset-by-client")
            let second = try Client(daemon.address("front"))
            try daemon.records("open", count: 4)
            held[0].close()
            #expect(try second.receiveLine() == "up")
            for client in [second] + held { client.close() }
        }
    }
}
