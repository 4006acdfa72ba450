// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// SIGUSR2: every connection that lives, with what it has moved so far.
@Suite struct LiveConnectionTests {
    @Test func `SIGUSR2 logs open connections only`() throws {
        let configuration = """
            [listener.echo]
            listen = ["tcp://127.0.0.1:0", "unix://$DIR/echo"]
            service = "echo"
            """
        try withUsherd(configuration) { daemon in
            let clients = try (0..<6).map { try Client(daemon.address("echo", $0 % 2)) }
            for (number, client) in clients.enumerated() {
                let text = [UInt8](repeating: 0x61, count: 10 + number)
                try client.send(text)
                #expect(try client.receive(exactly: text.count) == text)
            }
            clients[5].close()
            try daemon.records("close", count: 1)
            daemon.send(signal: SIGUSR2)
            let live = try daemon.records("live", count: 5)
            #expect(live.count == 5)
            let opened = Set(daemon.records("open").map(\.connection))
            let closed = Set(daemon.records("close").map(\.connection))
            #expect(Set(live.map(\.connection)) == opened.subtracting(closed))
            #expect(Set(live.compactMap { $0[number: "bytes_in"] }) == [10, 11, 12, 13, 14])
            #expect(live.allSatisfy { $0[number: "bytes_in"] == $0[number: "bytes_out"] && $0["level"] == "info" })
            let first = try #require(live.first { $0["peer"] == clients[0].name })
            let message = "echo: connection \(first.connection) from \(clients[0].name) is open for "
            #expect(first["message"]?.hasPrefix(message) == true)
            #expect(first["message"]?.hasSuffix(" (in 10 B, out 10 B)") == true)
            for client in clients { client.close() }
        }
    }

    @Test func `SIGUSR2 logs the state of each listener`() throws {
        let configuration = """
            [listener.echo]
            listen = "tcp://127.0.0.1:0"
            service = "echo"

            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = ["unix://$DIR/nobody", "unix://$DIR/nothing"]
            """
        try withUsherd(configuration) { daemon in
            let client = try Client(daemon.address("echo"))
            try daemon.records("open", count: 1)
            daemon.send(signal: SIGUSR2)
            let states = try daemon.records("listener", count: 2)
            #expect(states.map { $0["listener"] } == ["echo", "front"])
            #expect(states.allSatisfy { $0["state"] == "listening" && $0["level"] == "info" })
            #expect(states.map { $0[number: "connections"] } == [1, 0])
            #expect(states[0]["message"] == "echo is listening, with 1 connection")
            #expect(states[1]["message"] == "front is listening, with 0 connections, 0 of 2 upstreams down")
            #expect(states[1][number: "upstreams"] == 2 && states[1][number: "upstreams_down"] == 0)
            client.close()
        }
    }
}
