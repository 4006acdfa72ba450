// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Datagrams that are relayed to upstreams of streams, each as one frame.
@Suite struct ForwardFramedFlowTests {
    private func configuration(
        _ upstreams: [String], _ framing: String = "lines", _ more: String = "", listen: String = "udp://127.0.0.1:0"
    ) -> String {
        framedRelay(upstreams, framing, more, listen: listen)
    }

    private func front(_ daemon: Usherd) throws -> String {
        try #require(try daemon.record("listening")["local"])
    }

    @Test func `each datagram is a line of one stream, and each line an answer`() throws {
        let server = try Server()
        try withUsherd(configuration([server.address.description], "lines", "idle-timeout = \"1s\"")) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            // The second has its own end, the third is empty.
            for text in ["one", "two\n", "", "th\rree"] { try peer.send(text) }
            let upstream = try server.accept()
            let stream = "one\ntwo\n\nth\rree\n"
            #expect(try upstream.receive(exactly: stream.utf8.count) == Array(stream.utf8))
            try upstream.send("1\n\n2\r\nhalf")
            #expect(try (0..<3).map { _ in try peer.receiveText() } == ["1", "", "2"])
            try upstream.send(" and half\n")
            #expect(try peer.receiveText() == "half and half")
            let close = try daemon.close(of: peer.address)
            #expect(close["reason"] == "idle-timeout")
            #expect(close[number: "bytes_in"] == 13 && close[number: "bytes_out"] == 15)
            #expect(close[number: "datagrams_in"] == 4 && close[number: "datagrams_out"] == 4)
            #expect(close["upstream"] == server.address.description)
            #expect(try upstream.receive() == [], "the flow's end is the stream's")
        }
    }

    @Test func `each source has its own stream`() throws {
        let server = try Server()
        try withUsherd(configuration([server.address.description], "length16")) { daemon in
            let address = try front(daemon)
            for number in 0..<20 {
                let peer = try DatagramClient(to: address)
                try peer.send("\(number)")
                let upstream = try server.accept()
                let text = Array("\(number)".utf8)
                #expect(try upstream.receive(exactly: 2 + text.count) == [0, UInt8(text.count)] + text)
                try upstream.send([0, 0, 0, 1, 10])
                #expect(try peer.receive() == [])
                #expect(try peer.receive() == [10])
            }
        }
    }

    @Test func `a datagram with a line feed is dropped and logged`() throws {
        let server = try Server()
        try withUsherd(configuration([server.address.description])) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            for text in ["a\nb", "whole", "\n\n"] { try peer.send(text) }
            let upstream = try server.accept()
            #expect(try upstream.receive(exactly: 6) == Array("whole\n".utf8))
            let lost = try daemon.record("lost")
            #expect(lost["message"]?.contains("a line feed before the end") == true, "\(lost.line)")
            try peer.send("end")
            #expect(try upstream.receive(exactly: 4) == Array("end\n".utf8))
            upstream.close()
            let close = try daemon.close(of: peer.address)
            #expect(close[number: "datagrams_in"] == 4 && close[number: "datagrams_dropped"] == 2)
        }
    }

    @Test func `after EOF of the upstream, the next datagram begins a new flow`() throws {
        let server = try Server()
        try withUsherd(configuration([server.address.description])) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            try peer.send("one")
            let first = try server.accept()
            #expect(try first.receive(exactly: 4) == Array("one\n".utf8))
            // A line needs no end where the stream has one.
            try first.send("bye")
            first.close()
            #expect(try peer.receiveText() == "bye")
            let close = try daemon.close(of: peer.address)
            #expect(close["reason"] == "upstream-closed" && close["by"] == "upstream")
            try peer.send("two")
            #expect(try server.accept().receive(exactly: 4) == Array("two\n".utf8))
        }
    }

    @Test func `an upstream that refuses is replaced, and nothing is lost`() throws {
        let dead = try Server()
        let server = try Server()
        let upstreams = [dead.address.description, server.address.description]
        try withUsherd(configuration(upstreams, "lines", "balance = \"first\"")) { daemon in
            dead.close()
            let peer = try DatagramClient(to: front(daemon))
            for number in 1...3 { try peer.send("\(number)") }
            let upstream = try server.accept()
            #expect(try upstream.receive(exactly: 6) == Array("1\n2\n3\n".utf8))
            upstream.close()
            let close = try daemon.close(of: peer.address)
            #expect(close[number: "attempts"] == 2 && close["upstream"] == server.address.description)
            #expect(close["failures"]?.contains("\(dead.address): Connection refused") == true, "\(close.line)")
            #expect(close[number: "datagrams_dropped"] == 0)
        }
    }

    @Test func `without an upstream, datagrams are counted as dropped`() throws {
        let server = try Server()
        try withUsherd(configuration([server.address.description])) { daemon in
            server.close()
            let peer = try DatagramClient(to: front(daemon))
            try peer.send("x")
            let close = try daemon.close(of: peer.address)
            #expect(close["reason"] == "connect-failed" && close[number: "datagrams_dropped"] == 1)
        }
    }

    @Test func `an upstream that resets ends the flow`() throws {
        let server = try Server()
        try withUsherd(configuration([server.address.description])) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            try peer.send("x")
            let upstream = try server.accept()
            #expect(try upstream.receive(exactly: 2) == Array("x\n".utf8))
            upstream.reset()
            let close = try daemon.close(of: peer.address)
            #expect(close["reason"] == "reset-by-upstream" && close["by"] == "upstream")
        }
    }

    @Test func `a line of the upstream that is too long ends the flow`() throws {
        let server = try Server()
        try withUsherd(configuration([server.address.description])) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            try peer.send("x")
            let upstream = try server.accept()
            try upstream.send("short\n")
            try? upstream.send([UInt8](repeating: 7, count: 65_508))
            #expect(try peer.receiveText() == "short")
            let close = try daemon.close(of: peer.address)
            #expect(close["reason"] == "message-too-long" && close["by"] == "upstream")
            #expect(close[number: "datagrams_out"] == 1 && close[number: "datagrams_dropped"] == 1)
        }
    }

    @Test func `EOF of the upstream within a message is message-truncated`() throws {
        let server = try Server()
        try withUsherd(configuration([server.address.description], "length16")) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            try peer.send("x")
            let upstream = try server.accept()
            // What is not read makes its end a reset.
            #expect(try upstream.receive(exactly: 3) == [0, 1, UInt8(ascii: "x")])
            try upstream.send([0, 1, 7, 0, 3, 1])
            upstream.close()
            #expect(try peer.receive() == [7])
            let close = try daemon.close(of: peer.address)
            #expect(close["reason"] == "message-truncated" && close["by"] == "upstream")
            #expect(close[number: "datagrams_out"] == 1 && close[number: "datagrams_dropped"] == 1)
        }
    }

    @Test func `datagrams for an upstream that does not read are dropped and counted`() throws {
        let server = try Server(receiveBuffer: 4096)
        try withUsherd(configuration([server.address.description], "length16")) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            try peer.send("x")
            let upstream = try server.accept()
            let datagram = [UInt8](repeating: 7, count: 30_000)
            try waitUntil("some are lost") {
                for _ in 0..<8 { try peer.send(datagram) }
                return daemon.records("lost").contains { $0["message"]?.contains("does not read fast enough") == true }
            }
            #expect(try upstream.receive(exactly: 3) == [0, 1, UInt8(ascii: "x")])
            let frame = [UInt8(30_000 >> 8), UInt8(30_000 & 0xff)] + datagram
            // What does come is whole.
            for _ in 0..<5 { #expect(try upstream.receive(exactly: frame.count) == frame) }
            upstream.close()
            let close = try daemon.close(of: peer.address)
            #expect((close[number: "datagrams_dropped"] ?? 0) > 0)
        }
    }

    @Test(arguments: ["v1", "v2"]) func `a PROXY header begins the stream`(version: String) throws {
        let server = try Server()
        let more = "send-proxy = \"\(version)\""
        try withUsherd(configuration([server.address.description], "lines", more)) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            for text in ["one", "two"] { try peer.send(text) }
            let upstream = try server.accept()
            if version == "v1" {
                // Version 1 knows no datagrams.
                let wanted = Array("PROXY UNKNOWN\r\none\ntwo\n".utf8)
                #expect(try upstream.receive(exactly: wanted.count) == wanted)
            } else {
                let header = try upstream.receive(exactly: 16)
                #expect(header[12] == 0x21 && header[13] == 0x12)
                let rest = try upstream.receive(exactly: Int(header[14]) << 8 | Int(header[15]))
                #expect(peer.address.hasSuffix(":\(Int(rest[8]) << 8 | Int(rest[9]))"))
                #expect(try upstream.receive(exactly: 8) == Array("one\ntwo\n".utf8))
            }
        }
    }

    @Test func `max-connections of an upstream limits flows`() throws {
        let server = try Server()
        let upstream = "{ address = \"\(server.address)\", max-connections = 1 }"
        try withUsherd(configuration([upstream])) { daemon in
            let address = try front(daemon)
            let first = try DatagramClient(to: address)
            try first.send("x")
            let upstream = try server.accept()
            #expect(try upstream.receive(exactly: 2) == Array("x\n".utf8))
            try DatagramClient(to: address).send("y")
            #expect(try daemon.record("refused")["rule"] == "listener.queue-limit")
            upstream.close()
        }
    }

    @Test func `Unix datagrams become lines of a Unix stream`() throws {
        let directory = try TemporaryDirectory()
        let server = try Server(ServerAddress(.unix(path: directory.appending("up"))))
        let text = configuration(
            [server.address.description], "lines", listen: "unix-dgram://\(directory.appending("front"))")
        try withUsherd(text) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            try peer.send("x")
            let upstream = try server.accept()
            #expect(try upstream.receive(exactly: 2) == Array("x\n".utf8))
            try upstream.send("y\n")
            #expect(try peer.receiveText() == "y")
        }
    }
}
