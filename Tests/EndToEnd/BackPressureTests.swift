// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Clients that write and do not read.
@Suite struct BackPressureTests {
    @Test(arguments: ["tcp://127.0.0.1:0", "unix://$DIR/echo"])
    func `a client that does not read takes little memory, and loses nothing`(listen: String) throws {
        try withUsherd("[listener.echo]\nlisten = \"\(listen)\"\nservice = \"echo\"") { daemon in
            let address = try daemon.address("echo")
            let well = try Client(address)
            try well.send("x")
            #expect(try well.receive(exactly: 1) == Array("x".utf8))
            let before = daemon.residentMemory

            let clients = try (0..<16).map { _ in try Client(address, receiveBuffer: 4096) }
            let sent = try clients.map { try $0.fill() }
            #expect(sent.allSatisfy { $0 > 65536 })
            // What one read brings is held at most: 16 times 64 KiB and the allocator's slack.
            #expect(daemon.residentMemory - before < 8192, "in KiB, after \(sent.reduce(0, +)) bytes")

            try well.send("still?")
            #expect(try well.receive(exactly: 6) == Array("still?".utf8), "others are served meanwhile")

            for (client, count) in zip(clients, sent) {
                try client.finishWriting()
                #expect(try client.receiveAll().count == count)
                client.close()
            }
            well.close()
            let ends = try daemon.records("close", count: 17)
            #expect(
                ends.allSatisfy { $0["reason"] == "client-closed" && $0[number: "bytes_in"] == $0[number: "bytes_out"] }
            )
        }
    }

    @Test func `a client that does not read is closed after idle-timeout`() throws {
        let configuration = """
            [listener.echo]
            listen = "tcp://127.0.0.1:0"
            service = "echo"
            idle-timeout = "300ms"
            """
        try withUsherd(configuration) { daemon in
            let client = try Client(daemon.address("echo"), receiveBuffer: 4096)
            _ = try? client.sendWhatFits([UInt8](repeating: 0x61, count: 65536))
            let close = try daemon.record("close")
            #expect(close["reason"] == "idle-timeout")
            #expect(close["by"] == "daemon")
        }
    }
}
