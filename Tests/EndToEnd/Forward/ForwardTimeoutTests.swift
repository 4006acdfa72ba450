// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Relays that the clock ends, and records of those that live long. How long anything took is not looked at.
@Suite struct ForwardTimeoutTests {
    private func withRelay(_ more: String, _ body: (Usherd, Client, Client) throws -> Void) throws {
        let server = try Server()
        let configuration = """
            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = "\(server.address)"
            \(more)
            """
        try withUsherd(configuration) { daemon in
            let client = try Client(daemon.address("front"))
            let upstream = try server.accept()
            try body(daemon, client, upstream)
            client.close()
            upstream.close()
        }
    }

    @Test func `idle-timeout closes both sides`() throws {
        try withRelay("idle-timeout = \"300ms\"") { daemon, client, upstream in
            #expect(try client.receiveAll().isEmpty)
            #expect(try upstream.receiveAll().isEmpty)
            let close = try daemon.record("close")
            #expect(close["reason"] == "idle-timeout")
            #expect(close["by"] == "daemon")
            #expect(try #require(close[number: "duration_us"]) >= 300_000)
        }
    }

    @Test(arguments: [true, false])
    func `bytes in one direction reset idle-timeout`(fromClient: Bool) throws {
        try withRelay("idle-timeout = \"2s\"") { daemon, client, upstream in
            let (sender, receiver) = fromClient ? (client, upstream) : (upstream, client)
            let end = ContinuousClock.now + .seconds(3)
            while ContinuousClock.now < end {
                try sender.send("x")
                #expect(try receiver.receive(exactly: 1) == Array("x".utf8))
                usleep(20_000)
            }
            #expect(daemon.records("close").isEmpty)
            sender.close()
            #expect(try receiver.receiveAll().isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func `half-close-timeout ends a connection after one EOF`(clientFirst: Bool) throws {
        try withRelay("half-close-timeout = \"300ms\"") { daemon, client, upstream in
            let (first, second) = clientFirst ? (client, upstream) : (upstream, client)
            try first.send("that is all")
            try first.finishWriting()
            #expect(try second.receiveAll() == Array("that is all".utf8))
            try waitUntil("the relay is over") {
                // Bytes do not prolong it.
                _ = try? second.send("x")
                usleep(5000)
                return !daemon.records("close").isEmpty
            }
            let close = try daemon.record("close")
            #expect(close["reason"] == "half-close-timeout")
            #expect(close["by"] == "daemon")
            try waitUntil("the side that went on is ended") { second.isEnded }
        }
    }

    @Test func `half-close-timeout does not end a connection without EOF`() throws {
        try withRelay("half-close-timeout = \"50ms\"\nlifetime = \"1s\"") { daemon, client, upstream in
            #expect(try client.receiveAll().isEmpty)
            #expect(try upstream.receiveAll().isEmpty)
            let close = try daemon.record("close")
            #expect(close["reason"] == "lifetime")
            #expect(close["by"] == "daemon")
            #expect(try #require(close[number: "duration_us"]) >= 1_000_000)
        }
    }

    @Test func `lifetime closes a busy connection`() throws {
        try withRelay("lifetime = \"300ms\"") { daemon, client, upstream in
            try waitUntil("its time is over") {
                do {
                    try client.send("x")
                    return try upstream.receive(atMost: 1).isEmpty
                } catch is POSIXFailure {
                    return true
                }
            }
            #expect(try daemon.record("close")["reason"] == "lifetime")
        }
    }

    @Test func `progress-interval logs long connections`() throws {
        try withRelay("progress-interval = \"1s\"") { daemon, client, upstream in
            try client.send("12345")
            #expect(try upstream.receive(exactly: 5).count == 5)
            let first = try daemon.record("progress")
            #expect(first["peer"] == client.name)
            #expect(first["upstream"] != nil)
            #expect(first[number: "bytes_in"] == 5)
            #expect(first[number: "bytes_out"] == 0)
            #expect(try #require(first[number: "duration_us"]) >= 1_000_000)
            try upstream.send("123")
            #expect(try client.receive(exactly: 3).count == 3)
            let second = try daemon.records("progress", count: 2)[1]
            #expect(second.connection == first.connection)
            #expect(second[number: "bytes_in"] == 5)
            #expect(second[number: "bytes_out"] == 3)
            #expect(try #require(second[number: "duration_us"]) >= 2_000_000)
            client.close()
            #expect(try upstream.receiveAll().isEmpty)
            upstream.close()
            _ = try daemon.record("close")
        }
    }
}
