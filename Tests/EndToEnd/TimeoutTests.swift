// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `idle-timeout` and `lifetime`: who is ended, in which order, and for which reason. How long it took is not looked at.
@Suite struct TimeoutTests {
    @Test func `idle-timeout closes idle connections, not busy ones`() throws {
        let configuration = """
            [listener.echo]
            listen = "tcp://127.0.0.1:0"
            service = "echo"
            idle-timeout = "2s"
            """
        try withUsherd(configuration) { daemon in
            let address = try daemon.address("echo")
            let talker = try Client(address)
            let silent = try Client(address)
            let late = try Client(address)
            try waitUntil("the silent ones are ended") {
                try talker.send("x")
                #expect(try talker.receive(exactly: 1) == Array("x".utf8))
                usleep(20_000)
                return daemon.records("close").count == 2
            }
            for client in [silent, late] {
                #expect(try client.receiveAll().isEmpty)
                let close = try daemon.close(of: client.name)
                #expect(close["reason"] == "idle-timeout")
                #expect(close["by"] == "daemon")
                #expect(try #require(close[number: "duration_us"]) >= 2_000_000)
            }
            talker.close()
            #expect(try daemon.close(of: talker.name)["reason"] == "client-closed")
        }
    }

    @Test func `lifetime closes a busy connection`() throws {
        let configuration = """
            [listener.short]
            listen = "tcp://127.0.0.1:0"
            service = "echo"
            lifetime = "300ms"

            [listener.long]
            listen = "tcp://127.0.0.1:0"
            service = "echo"
            """
        try withUsherd(configuration) { daemon in
            let other = try Client(daemon.address("long"))
            let client = try Client(daemon.address("short"))
            try waitUntil("its time is over") {
                guard (try? client.send("x")) != nil, let answer = try? client.receive(atMost: 1) else { return true }
                return answer.isEmpty
            }
            let close = try daemon.record("close")
            #expect(close["peer"] == client.name)
            #expect(close["reason"] == "lifetime")
            #expect(close["by"] == "daemon")
            #expect(try #require(close[number: "duration_us"]) >= 300_000)
            try other.send("x")
            #expect(try other.receive(exactly: 1) == Array("x".utf8))
            other.close()
        }
    }

    @Test func `members of a room are told why they are disconnected`() throws {
        let configuration = """
            [listener.room]
            listen = "unix://$DIR/room"
            service = "chat"
            idle-timeout = "300ms"
            """
        try withUsherd(configuration) { daemon in
            let member = try Client(daemon.address("room"))
            let said = String(decoding: try member.receiveAll(), as: UTF8.self)
            #expect(said.hasSuffix("* You have been idle for too long. Goodbye.\n"))
            member.close()
            #expect(try daemon.record("close")["reason"] == "idle-timeout")
        }
    }
}
