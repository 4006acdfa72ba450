// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// SIGUSR2: every connection that lives, with what it has moved so far.
@Suite struct LiveConnectionTests {
    @Test func `writes who is there, and not who was`() throws {
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
}
