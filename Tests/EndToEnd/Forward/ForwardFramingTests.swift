// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Streams that are relayed to upstreams of datagrams, each frame as one.
@Suite struct ForwardFramingTests {
    private func configuration(
        _ upstreams: [String], _ framing: String = "lines", _ more: String = "", listen: String = "tcp://127.0.0.1:0"
    ) -> String {
        framedRelay(upstreams, framing, more, listen: listen)
    }

    /// A message behind its length.
    private func counted(_ message: [UInt8]) -> [UInt8] {
        [UInt8(message.count >> 8), UInt8(message.count & 0xff)] + message
    }

    private func expectLine(
        _ line: String, _ client: Client, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let wanted = Array("\(line)\n".utf8)
        #expect(try client.receive(exactly: wanted.count) == wanted, sourceLocation: sourceLocation)
    }

    @Test func `each line is a datagram, and each answer a line`() throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration([a.address])) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send("one\ntwo\r\n\nth")
            try expectLine("a:one", client)
            try expectLine("a:two", client)
            try expectLine("a:", client)
            try client.send("ree\n")
            try expectLine("a:three", client)
            #expect(a.received == ["one", "two", "", "three"].map { Array($0.utf8) })
            // A line needs no end where the stream has one; what it is answered still comes.
            try client.send("last")
            try client.finishWriting()
            try expectLine("a:last", client)
            let name = client.name
            client.close()
            let close = try daemon.close(of: name)
            #expect(close["reason"] == "client-closed" && close["by"] == "client")
            #expect(close[number: "bytes_in"] == 20 && close[number: "bytes_out"] == 30)
            #expect(close[number: "datagrams_in"] == 5 && close[number: "datagrams_out"] == 5)
            #expect(close[number: "datagrams_dropped"] == 0)
            #expect(close["upstream"] == a.address && close[number: "attempts"] == 1)
            #expect(close[number: "connect_us"] != nil)
        }
    }

    @Test func `length16 carries any bytes, and empty messages`() throws {
        let a = try DatagramEcho("")
        try withUsherd(configuration([a.address], "length16")) { daemon in
            let client = try Client(daemon.address("front"))
            let messages: [[UInt8]] = [[], [10], [13, 10, 0, 255], [UInt8](repeating: 10, count: 60_000)]
            // Cut where it hurts: within a length.
            let stream = messages.flatMap(counted)
            for start in stride(from: 0, to: stream.count, by: 9001) {
                try client.send(Array(stream[start..<min(start + 9001, stream.count)]))
            }
            for message in messages {
                let wanted = counted(Array(":".utf8) + message)
                #expect(try client.receive(exactly: wanted.count) == wanted)
            }
            #expect(a.received == messages)
        }
    }

    @Test func `many connections are kept apart`() throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration([a.address])) { daemon in
            let clients = try (0..<100).map { _ in try Client(daemon.address("front")) }
            for (number, client) in clients.enumerated() { try client.send("\(number)\n") }
            for (number, client) in clients.enumerated() { try expectLine("a:\(number)", client) }
        }
    }

    @Test func `a datagram with a line feed never becomes two lines`() throws {
        // What comes first is the name of the upstream.
        let a = try DatagramEcho("\n")
        try withUsherd(configuration([a.address])) { daemon in
            let client = try Client(daemon.address("front"))
            for _ in 0..<3 { try client.send("x\n") }
            try waitUntil("all have come") { a.received.count == 3 }
            let lost = try daemon.record("lost")
            #expect(lost["listener"] == "front" && lost[number: "datagrams"] == 1)
            #expect(lost["message"]?.contains("a line feed before the end") == true, "\(lost.line)")
            try client.finishWriting()
            // Nothing else, not even a part, until its end.
            #expect(try client.receiveAll() == [])
            let close = try daemon.close(of: client.name)
            #expect(close[number: "datagrams_dropped"] == 3 && close[number: "datagrams_out"] == 0)
            #expect(daemon.records("lost").count == 1)
        }
    }

    // MARK: Too long, too short

    @Test func `a line that is too long ends the connection, and no part of it is sent`() throws {
        let a = try DatagramEcho("", answers: false)
        try withUsherd(configuration([a.address])) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send("before\n")
            try waitUntil("it has come") { a.received.count == 1 }
            // The daemon may be gone before the last byte.
            try? client.send([UInt8](repeating: 7, count: 65_508))
            #expect(throws: POSIXFailure.self) { try client.receive() }
            let close = try daemon.close(of: client.name)
            #expect(close["reason"] == "message-too-long" && close["by"] == "client")
            #expect(close[number: "datagrams_in"] == 1 && close[number: "datagrams_dropped"] == 1)
            #expect(a.received == [Array("before".utf8)])
        }
    }

    @Test func `a line that becomes too long after a queued line ends only its connection`() throws {
        let a = try DatagramEcho("", answers: false)
        try withUsherd(configuration([a.address])) { daemon in
            let other = try Client(daemon.address("front"))
            let client = try Client(daemon.address("front"))
            try client.send("aa")
            try client.send(Array("\n".utf8) + [UInt8](repeating: UInt8(ascii: "b"), count: 1000))
            try waitUntil("the line has come") { a.received.count == 1 }
            try? client.send([UInt8](repeating: UInt8(ascii: "b"), count: 70_000))
            #expect(throws: POSIXFailure.self) { try client.receive() }
            let close = try daemon.close(of: client.name)
            #expect(close["reason"] == "message-too-long")
            #expect(close[number: "datagrams_in"] == 1 && close[number: "datagrams_dropped"] == 1)
            try other.send("lives\n")
            try waitUntil("another connection lives") { a.received.last == Array("lives".utf8) }
        }
    }

    @Test func `a message that is too long for UDP ends the connection`() throws {
        let a = try DatagramEcho("", answers: false)
        try withUsherd(configuration([a.address], "length16")) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send(counted([UInt8](repeating: 7, count: 65_507)))
            try waitUntil("the longest has come") { a.received.map(\.count) == [65_507] }
            try client.send(counted([UInt8](repeating: 7, count: 65_508)))
            #expect(throws: POSIXFailure.self) { try client.receive() }
            let close = try daemon.close(of: client.name)
            #expect(close["reason"] == "message-too-long" && close["errno"] == "EMSGSIZE")
            #expect(close[number: "datagrams_in"] == 2 && close[number: "datagrams_dropped"] == 1)
            #expect(a.received.count == 1)
        }
    }

    @Test(arguments: [[0], [0, 3], [0, 3, 1, 2]] as [[UInt8]])
    func `EOF within a message is message-truncated, and answers still arrive`(rest: [UInt8]) throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration([a.address], "length16")) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send(counted(Array("x".utf8)) + rest)
            try client.finishWriting()
            #expect(try client.receive(exactly: 5) == counted(Array("a:x".utf8)))
            #expect(try client.receive() == [])
            let close = try daemon.close(of: client.name)
            #expect(close["reason"] == "message-truncated" && close["by"] == "client")
            #expect(close[number: "datagrams_in"] == 2 && close[number: "datagrams_dropped"] == 1)
            #expect(a.received == [Array("x".utf8)])
        }
    }

    // MARK: Upstreams that fail

    @Test func `an upstream that refuses is replaced, and nothing is lost`() throws {
        let dead = try (0..<2).map { try DatagramEcho("dead \($0)") }
        let b = try DatagramEcho("b")
        let upstreams = dead.map(\.address) + [b.address]
        try withUsherd(configuration(upstreams, "lines", "balance = \"first\"")) { daemon in
            for upstream in dead { try upstream.stop() }
            let client = try Client(daemon.address("front"))
            try client.send("1\n2\n3\n")
            for number in 1...3 { try expectLine("b:\(number)", client) }
            let name = client.name
            client.close()
            let close = try daemon.close(of: name)
            #expect(close[number: "attempts"] == 3 && close["upstream"] == b.address)
            #expect(close["failures"]?.contains("\(dead[0].address): Connection refused") == true, "\(close.line)")
            #expect(close[number: "datagrams_dropped"] == 0 && close[number: "datagrams_in"] == 3)
        }
    }

    @Test func `without an upstream, the client is reset`() throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration([a.address])) { daemon in
            try a.stop()
            let client = try Client(daemon.address("front"))
            try client.send("x\ny\nz\n")
            #expect(throws: POSIXFailure.self) { try client.receive() }
            let close = try daemon.close(of: client.name)
            #expect(close["reason"] == "connect-failed" && close["by"] == "upstream")
            // What was read and never tried is lost too.
            #expect(close[number: "datagrams_in"] == 3 && close[number: "datagrams_dropped"] == 3)
        }
    }

    @Test func `an upstream that closes ends the connection`() throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration([a.address])) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send("x\n")
            try expectLine("a:x", client)
            try a.stop()
            try client.send("y\n")
            let close = try daemon.close(of: client.name)
            #expect(close["reason"] == "reset-by-upstream" && close["errno"] == "ECONNREFUSED")
            #expect(close[number: "datagrams_dropped"] == 1)
        }
    }

    @Test func `a reset by the client is logged as reset-by-client`() throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration([a.address])) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send("x\n")
            try expectLine("a:x", client)
            let name = client.name
            client.reset()
            #expect(try daemon.close(of: name)["reason"] == "reset-by-client")
        }
    }

    // MARK: Who does not keep up

    @Test func `datagrams for a client that does not read are dropped and counted`() throws {
        let a = try DatagramEcho("")
        try withUsherd(configuration([a.address], "length16")) { daemon in
            let client = try Client(daemon.address("front"), receiveBuffer: 4096)
            let message = counted([UInt8](repeating: 7, count: 30_000))
            try waitUntil("some are lost") {
                for _ in 0..<8 { try client.send(message) }
                // Some may be lost before they can be read.
                return daemon.records("lost").contains {
                    $0["message"]?.contains("does not read fast enough") == true
                }
            }
            // What does come is whole.
            try client.finishWriting()
            var rest = try client.receiveAll()[...]
            var count = 0
            while !rest.isEmpty {
                let wanted = counted(Array(":".utf8) + [UInt8](repeating: 7, count: 30_000))
                #expect(rest.prefix(wanted.count) == wanted[...])
                rest = rest.dropFirst(wanted.count)
                count += 1
            }
            let close = try daemon.close(of: client.name)
            #expect(close[number: "datagrams_out"] == count && count > 1)
            #expect((close[number: "datagrams_dropped"] ?? 0) > 0)
        }
    }

    @Test func `a client that does not read reaches idle-timeout`() throws {
        // Where the host lets the upstream pause for longer than the timeout, nothing may be dropped: then it is tried again.
        for _ in 0..<20 {
            let a = try DatagramEcho("", floods: true)
            var dropped: Int?
            try withUsherd(configuration([a.address], "length16", "idle-timeout = \"300ms\"")) { daemon in
                let client = try Client(daemon.address("front"), receiveBuffer: 4096)
                try client.send(counted([UInt8](repeating: 7, count: 30_000)))
                let close = try daemon.close(of: client.name)
                #expect(close["reason"] == "idle-timeout")
                dropped = close[number: "datagrams_dropped"]
            }
            if let dropped, dropped > 0 { return }
        }
        Issue.record("idle-timeout came each time before a datagram was dropped")
    }

    @Test func `an upstream that does not read slows the client, and nothing is lost`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("slow")
        let slow = try DatagramClient(bound: .unix(path: path))
        try withUsherd(configuration(["unix-dgram://\(path)"], "lines", listen: "unix://$DIR/front")) { daemon in
            let client = try Client(daemon.address("front"))
            var sent = 0
            var pauses = 0
            // A buffer may take the beginning of a line.
            var stream: [UInt8] = []
            while pauses < 5 {
                let line = Array("\(sent) \(String(repeating: "x", count: 2000))\n".utf8)
                if stream.isEmpty { stream = line }
                if let count = try? client.sendSome(stream[...], flags: CInt(MSG_DONTWAIT)) {
                    stream.removeFirst(count)
                    if stream.isEmpty { sent += 1 }
                    pauses = 0
                } else {
                    pauses += 1
                    usleep(10_000)
                }
                try #require(sent < 10_000, "it takes all")
            }
            for number in 0..<sent {
                let line = try slow.receiveText()
                try #require(line.hasPrefix("\(number) ") && line.count > 2000)
            }
            client.close()
            let close = try daemon.record("close")
            #expect(close[number: "datagrams_dropped"] == 0)
            // A line that was begun ends with the stream.
            let isBegun = stream.count < "\(sent) ".utf8.count + 2001
            #expect(close[number: "datagrams_in"] == sent + (isBegun ? 1 : 0))
        }
    }

    // MARK: What holds for every relay

    @Test func `a PROXY header precedes the first datagram, or each`() throws {
        for (how, count) in [("v2", 1), ("v2-each", 3)] {
            let a = try DatagramEcho("", answers: false)
            try withUsherd(configuration([a.address], "lines", "send-proxy = \"\(how)\"")) { daemon in
                let client = try Client(daemon.address("front"))
                try client.send("data\ndata\ndata\n")
                try waitUntil("all have come") { a.received.count == 3 }
                let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
                let headed = a.received.filter { $0.starts(with: signature) }
                #expect(headed.count == count && a.received[0].starts(with: signature))
                for datagram in headed {
                    // Version 2, PROXY; the client came over IPv4 in a stream.
                    #expect(datagram[12] == 0x21 && datagram[13] == 0x11)
                    let length = Int(datagram[14]) << 8 | Int(datagram[15])
                    let port = Int(datagram[24]) << 8 | Int(datagram[25])
                    #expect(client.name.hasSuffix(":\(port)"))
                    #expect(Array(datagram.dropFirst(16 + length)) == Array("data".utf8))
                }
            }
        }
    }

    @Test func `an upstream's name is resolved`() throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration(["udp://localhost:\(a.port)"])) { daemon in
            let client = try Client(daemon.address("front"))
            for number in 0..<5 { try client.send("\(number)\n") }
            for number in 0..<5 { try expectLine("a:\(number)", client) }
        }
    }

    @Test(arguments: ["idle-timeout", "lifetime"]) func `idle-timeout and lifetime apply`(key: String) throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration([a.address], "lines", "\(key) = \"200ms\"")) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send("x\n")
            try expectLine("a:x", client)
            #expect(try client.receive() == [])
            #expect(try daemon.close(of: client.name)["reason"] == key)
        }
    }

    @Test func `a connection survives a reload, and new ones use the new upstream`() throws {
        let a = try DatagramEcho("a")
        let b = try DatagramEcho("b")
        try withUsherd(configuration([a.address])) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send("1\n")
            try expectLine("a:1", client)
            try daemon.reload(configuration([b.address], "length16"))
            try client.send("2\n")
            try expectLine("a:2", client)
            let other = try Client(daemon.address("front"))
            try other.send(counted(Array("3".utf8)))
            #expect(try other.receive(exactly: 5) == counted(Array("b:3".utf8)))
            #expect(daemon.records("close").isEmpty)
        }
    }

    @Test func `one listener may have streams and datagrams`() throws {
        let a = try DatagramEcho("a")
        let text = """
            [listener.front]
            listen = ["tcp://127.0.0.1:0", "unix-dgram://$DIR/datagrams"]
            service = "forward"
            to = "\(a.address)"
            framing = "lines"
            """
        try withUsherd(text) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send("x\n")
            try expectLine("a:x", client)
            let local = try daemon.record("listening") { $0["local"]?.hasPrefix("unix-dgram") == true }["local"]
            let peer = try DatagramClient(to: try #require(local))
            try peer.send("y\nz")
            #expect(try peer.receiveText() == "a:y\nz")
        }
    }
}
