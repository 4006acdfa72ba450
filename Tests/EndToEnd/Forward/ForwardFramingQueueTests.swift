// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Framed clients that wait because the upstream has its `max-connections`.
@Suite struct ForwardFramingQueueTests {
    private func configuration(_ upstreams: [String], framing: String = "lines") -> String {
        // A client that has closed is waited for no longer than it must be.
        let more = "half-close-timeout = \"1ms\"\nqueue-timeout = \"60s\"\nqueue-limit = 1"
        return framedRelay(upstreams, framing, more, listen: "tcp://127.0.0.1:0")
    }

    private func ofOne(_ server: DatagramEcho) -> String { "{ address = \"\(server.address)\", max-connections = 1 }" }

    private func expect(_ answer: String, _ client: Client, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try client.receiveLine() == answer, sourceLocation: sourceLocation)
    }

    /// Plays a scene in which `first` is served by `a`, which takes nobody else, and `second`, who has sent `y`, waits.
    private func whileOneWaits(
        at a: DatagramEcho, _ scene: (_ daemon: Usherd, _ first: Client, _ second: Client) throws -> Void
    ) throws {
        try withUsherd(configuration([ofOne(a)])) { daemon in
            let first = try Client(daemon.address("front"))
            try first.send("x\n")
            try expect("a:x", first)
            let second = try Client(daemon.address("front"))
            try second.send("y\n")
            try daemon.records("open", count: 2)
            try scene(daemon, first, second)
        }
    }

    @Test func `a connection without room waits in the queue`() throws {
        let a = try DatagramEcho("a")
        try whileOneWaits(at: a) { daemon, first, second in
            let third = try Client(daemon.address("front"))
            #expect(throws: POSIXFailure.self) { try third.receive() }
            #expect(try daemon.record("refused")["rule"] == "listener.queue-limit")
            #expect(a.received.count == 1)
            first.close()
            try expect("a:y", second)
            #expect(try daemon.record("close")["reason"] == "half-close-timeout")
        }
    }

    @Test func `a waiting connection uses an upstream that a reload adds`() throws {
        let a = try DatagramEcho("a")
        let b = try DatagramEcho("b")
        try whileOneWaits(at: a) { daemon, first, second in
            try daemon.reload(configuration([ofOne(a), b.address]))
            try expect("b:y", second)
            try first.send("still?\n")
            try expect("a:still?", first)
        }
    }

    @Test func `a waiting connection with another framing stays with the old upstreams`() throws {
        let a = try DatagramEcho("a")
        let b = try DatagramEcho("b")
        try whileOneWaits(at: a) { daemon, first, second in
            try daemon.reload(configuration([b.address], framing: "length16"))
            let third = try Client(daemon.address("front"))
            try third.send([0, 1, UInt8(ascii: "z")])
            #expect(try third.receive(exactly: 5) == [0, 3] + Array("b:z".utf8))
            #expect(b.received.count == 1)
            first.close()
            try expect("a:y", second)
        }
    }
}
