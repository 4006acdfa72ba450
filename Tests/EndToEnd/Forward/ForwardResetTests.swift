// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Who breaks off on one side is not shown to the other as somebody who finished.
@Suite struct ForwardResetTests {
    /// How a connection ends for a client that reads on.
    private func end(of client: Client, after received: inout [UInt8]) throws -> CInt {
        do {
            while true {
                let more = try client.receive()
                if more.isEmpty { return 0 }
                received += more
            }
        } catch let failure as POSIXFailure {
            return failure.number
        }
    }

    private func withRelay(
        receiveBuffer: CInt? = nil, _ body: (Usherd, Client, Client) throws -> Void
    ) throws {
        let server = try Server(receiveBuffer: receiveBuffer)
        try withUsherd(
            "[listener.front]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"forward\"\nto = \"\(server.address)\""
        ) { daemon in
            let client = try Client(daemon.address("front"), receiveBuffer: receiveBuffer)
            let upstream = try server.accept()
            try body(daemon, client, upstream)
            client.close()
            upstream.close()
        }
    }

    /// Waits until the other side's kernel has all that was sent: a reset would throw the rest away.
    private func flush(_ client: Client) throws {
        try waitUntil("all is acknowledged") {
            var unsent: CInt = 0
            return ioctl(client.raw, UInt(TIOCOUTQ), &unsent) == 0 && unsent == 0
        }
    }

    @Test func `a reset by the upstream resets the client, after all data before it`() throws {
        let bytes = TestData.bytes(48 << 10)
        try withRelay { daemon, client, upstream in
            try upstream.send(bytes)
            try flush(upstream)
            upstream.reset()
            var received: [UInt8] = []
            #expect(try end(of: client, after: &received) == ECONNRESET)
            #expect(received == bytes)
            let close = try daemon.record("close")
            #expect(close["reason"] == "reset-by-upstream")
            #expect(close["by"] == "upstream")
            #expect(close[number: "bytes_out"] == bytes.count)
        }
    }

    @Test func `a reset by the client resets the upstream, after all data before it`() throws {
        let bytes = TestData.bytes(48 << 10)
        try withRelay { daemon, client, upstream in
            try client.send(bytes)
            try flush(client)
            client.reset()
            var received: [UInt8] = []
            #expect(try end(of: upstream, after: &received) == ECONNRESET)
            #expect(received == bytes)
            let close = try daemon.record("close")
            #expect(close["reason"] == "reset-by-client")
            #expect(close["by"] == "client")
            #expect(close[number: "bytes_in"] == bytes.count)
        }
    }

    @Test func `a slow client gets all data before the reset`() throws {
        let bytes = TestData.bytes(48 << 10)
        try withRelay(receiveBuffer: 4096) { daemon, client, upstream in
            try upstream.send(bytes)
            try flush(upstream)
            upstream.reset()
            var received: [UInt8] = []
            #expect(try end(of: client, after: &received) == ECONNRESET)
            #expect(received == bytes)
            let close = try daemon.record("close")
            #expect(close["reason"] == "reset-by-upstream")
            #expect(close["by"] == "upstream")
        }
    }

    @Test func `a client that writes to a dead upstream is reset`() throws {
        try withRelay { daemon, client, upstream in
            try upstream.finishWriting()
            #expect(try client.receiveAll().isEmpty)
            upstream.reset()
            try waitUntil("the client cannot write any more") {
                do {
                    try client.send("x")
                    usleep(1000)
                    return false
                } catch let failure as POSIXFailure {
                    return failure.number == ECONNRESET || failure.number == EPIPE
                }
            }
            let close = try daemon.record("close")
            #expect(close["reason"] == "reset-by-upstream")
            #expect(close["by"] == "upstream")
        }
    }

    @Test func `a reset after the client's half-close resets the client`() throws {
        try withRelay { daemon, client, upstream in
            try client.send("question")
            try client.finishWriting()
            #expect(try upstream.receiveAll() == Array("question".utf8))
            upstream.reset()
            var received: [UInt8] = []
            #expect(try end(of: client, after: &received) == ECONNRESET)
            let close = try daemon.record("close")
            #expect(close["reason"] == "reset-by-upstream")
            #expect(close["by"] == "upstream")
        }
    }

    @Test func `a Unix upstream that closes with unread data resets the client`() throws {
        let directory = try TemporaryDirectory()
        let server = try Server(ServerAddress(.unix(path: directory.appending("up"))))
        try withUsherd(
            "[listener.front]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"forward\"\nto = \"\(server.address)\""
        ) { daemon in
            let client = try Client(daemon.address("front"))
            let upstream = try server.accept()
            try client.send("unread")
            try waitUntil("it has come") { upstream.hasInput }
            upstream.close()
            var received: [UInt8] = []
            #expect(try end(of: client, after: &received) == ECONNRESET)
            let close = try daemon.record("close")
            #expect(close["reason"] == "reset-by-upstream")
            #expect(close["by"] == "upstream")
            client.close()
        }
    }
}
