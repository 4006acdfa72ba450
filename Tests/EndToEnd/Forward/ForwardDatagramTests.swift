// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Flows that are relayed to upstreams, over UDP and Unix datagrams.
@Suite struct ForwardDatagramTests {
    private func configuration(_ upstreams: [String], _ more: String = "", listen: String = "udp://127.0.0.1:0")
        -> String
    {
        """
        [listener.front]
        listen = "\(listen)"
        service = "forward"
        to = [\(upstreams.map { $0.hasPrefix("{") ? $0 : "\"\($0)\"" }.joined(separator: ", "))]
        \(more)
        """
    }

    /// Where the daemon takes datagrams.
    private func front(_ daemon: Usherd) throws -> String {
        try #require(try daemon.record("listening")["local"])
    }

    private func expectAnswer(
        _ text: String, to question: String, _ peer: DatagramClient, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try peer.send(question)
        #expect(try peer.receiveText() == text, sourceLocation: sourceLocation)
    }

    /// What a new flow is answered.
    private func answer(to question: String, at address: String) throws -> String {
        let peer = try DatagramClient(to: address)
        try peer.send(question)
        return try peer.receiveText()
    }

    @Test func `each datagram is relayed, and its answer returned`() throws {
        let a = try DatagramEcho("a")
        // Long enough for three answers on a busy machine.
        try withUsherd(configuration([a.address], "idle-timeout = \"3s\"")) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            try expectAnswer("a:one", to: "one", peer)
            try expectAnswer("a:", to: "", peer)
            let long = [UInt8](repeating: 7, count: 60_000)
            try peer.send(long)
            #expect(try peer.receive() == Array("a:".utf8) + long)
            #expect(a.received == [Array("one".utf8), [], long])
            let close = try daemon.close(of: peer.address)
            #expect(close["reason"] == "idle-timeout" && close["by"] == "daemon")
            #expect(close[number: "bytes_in"] == 60_003 && close[number: "bytes_out"] == 60_009)
            #expect(close[number: "datagrams_in"] == 3 && close[number: "datagrams_out"] == 3)
            #expect(close[number: "datagrams_dropped"] == 0)
            #expect(close["upstream"] == a.address && close[number: "attempts"] == 1)
            #expect(close["message"]?.contains("flow ") == true)
        }
    }

    @Test func `flows are kept apart`() throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration([a.address])) { daemon in
            let address = try front(daemon)
            let peers = try (0..<100).map { _ in try DatagramClient(to: address) }
            for (number, peer) in peers.enumerated() { try peer.send("\(number)") }
            for (number, peer) in peers.enumerated() { #expect(try peer.receiveText() == "a:\(number)") }
            try daemon.records("open", count: 100)
        }
    }

    /// So many at a time that they come, and go on, joined.
    @Test(arguments: [1, 64, 1200, 9000]) func `a burst is relayed completely and in order`(length: Int) throws {
        let a = try DatagramEcho("")
        try withUsherd(configuration([a.address])) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            // As much as the buffers of the test's own sockets hold.
            let count = max(2, min(30, 40_000 / length))
            for round in 0..<40 {
                // The last of each burst is shorter.
                let burst = (0..<count).map { index in
                    [UInt8](
                        repeating: UInt8(round * 5 + index), count: index == count - 1 ? max(1, length / 2) : length)
                }
                for datagram in burst { try peer.send(datagram) }
                for datagram in burst { #expect(try peer.receive() == Array(":".utf8) + datagram) }
            }
            #expect(a.received.count == 40 * count)
        }
    }

    @Test func `an upstream that refuses is replaced, and nothing is lost`() throws {
        let dead = try DatagramEcho("dead")
        let b = try DatagramEcho("b")
        try withUsherd(configuration([dead.address, b.address], "balance = \"first\"\nidle-timeout = \"3s\"")) {
            daemon in
            try dead.stop()
            let peer = try DatagramClient(to: front(daemon))
            for number in 1...3 { try peer.send("\(number)") }
            #expect(try (1...3).map { _ in try peer.receiveText() } == ["b:1", "b:2", "b:3"])
            let close = try daemon.close(of: peer.address)
            #expect(close[number: "attempts"] == 2 && close["upstream"] == b.address)
            #expect(close["failures"]?.contains("\(dead.address): Connection refused") == true, "\(close.line)")
            #expect(close[number: "datagrams_dropped"] == 0)
        }
    }

    @Test func `an upstream that refuses is ejected, and is up again later`() throws {
        let a = try DatagramEcho("a")
        let b = try DatagramEcho("b")
        try withUsherd(configuration([a.address, b.address], "balance = \"first\"\nidle-timeout = \"100ms\"")) {
            daemon in
            try a.stop()
            let address = try front(daemon)
            for _ in 0..<3 { #expect(try answer(to: "x", at: address) == "b:x") }
            let down = try daemon.record("upstream-down")
            #expect(down["upstream"] == a.address)
            let again = try waitFor("its port again") { try? DatagramEcho("a", port: a.port) }
            try waitUntil("it is used again") { try answer(to: "x", at: address) == "a:x" }
            #expect(try daemon.record("upstream-up")["upstream"] == a.address)
            #expect(!again.received.isEmpty)
        }
    }

    @Test(arguments: ["udp", "tcp"]) func `an upstream that never answers is up again later`(scheme: String) throws {
        let a = try DatagramEcho("a", answers: false)
        let more = "connect-timeout = \"100ms\"\nidle-timeout = \"1500ms\""
        let framing = scheme == "tcp" ? "\nframing = \"lines\"" : ""
        try withUsherd(configuration([a.address], more + framing, listen: "\(scheme)://127.0.0.1:0")) { daemon in
            try a.stop()
            var clients: [Client] = []
            func say(_ word: String) throws {
                if scheme == "udp" {
                    try DatagramClient(to: front(daemon)).send(word)
                } else {
                    // Who is refused may be reset before it has sent all.
                    let client = try Client(daemon.address("front"))
                    try? client.send(Array((word + "\n").utf8))
                    clients.append(client)
                }
            }
            try waitUntil("it is down") {
                try say("x")
                return !daemon.records("upstream-down").isEmpty
            }
            let again = try waitFor("its port again") { try? DatagramEcho("a", port: a.port, answers: false) }
            // Those that it gets end without a refusal.
            try waitUntil("it is up") {
                try say("y")
                return !daemon.records("upstream-up").isEmpty
            }
            let before = again.received.count
            for _ in 0..<10 { try say("z") }
            try waitUntil("it gets all") { again.received.count >= before + 10 }
        }
    }

    @Test func `without an upstream, datagrams are logged together`() throws {
        let a = try DatagramEcho("a")
        // Without checks an upstream that refuses is tried for each flow.
        let checks =
            "health = { interval = \"1s\", timeout = \"500ms\", rise = 1, fall = 1, send = \"well?\", expect = \":well?\" }"
        try withUsherd(configuration([a.address], checks)) { daemon in
            let address = try front(daemon)
            try a.stop()
            _ = try daemon.record("upstream-down")
            let peers = try (0..<50).map { _ in try DatagramClient(to: address) }
            for peer in peers { try peer.send("x") }
            let refused = try daemon.record("refused")
            #expect(refused["message"]?.contains("every upstream is down") == true, "\(refused.line)")
            #expect(refused["rule"] == "listener.to")
            #expect(daemon.records("refused").count < 10)
        }
    }

    @Test func `an upstream that is tried though it refuses costs each flow its datagram`() throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration([a.address])) { daemon in
            let address = try front(daemon)
            try a.stop()
            let peers = try (0..<20).map { _ in try DatagramClient(to: address) }
            for peer in peers { try peer.send("x") }
            let failed = try daemon.records("close", count: 20)
            #expect(failed.allSatisfy { $0["reason"] == "connect-failed" && $0[number: "datagrams_dropped"] == 1 })
            #expect(daemon.records("refused").isEmpty)
        }
    }

    @Test func `an upstream that closes ends the flow`() throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration([a.address])) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            try expectAnswer("a:x", to: "x", peer)
            try a.stop()
            try peer.send("y")
            let close = try daemon.close(of: peer.address)
            #expect(close["reason"] == "reset-by-upstream" && close["by"] == "upstream", "\(close.line)")
            #expect(close["errno"] == "ECONNREFUSED" && close[number: "datagrams_dropped"] == 1)
            let again = try waitFor("its port again") { try? DatagramEcho("a", port: a.port) }
            try waitUntil("a new flow reaches it") {
                try peer.send("z")
                return again.received.contains(Array("z".utf8))
            }
        }
    }

    @Test func `max-connections of an upstream limits flows`() throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration(["{ address = \"\(a.address)\", max-connections = 2 }"])) { daemon in
            let address = try front(daemon)
            let peers = try (0..<3).map { _ in try DatagramClient(to: address) }
            try expectAnswer("a:x", to: "x", peers[0])
            try expectAnswer("a:x", to: "x", peers[1])
            try peers[2].send("x")
            #expect(try daemon.record("refused")["rule"] == "listener.queue-limit")
            #expect(a.received.count == 2)
        }
    }

    @Test(arguments: [("v2", 1), ("v2-each", 3)]) func `a PROXY header precedes the datagram`(how: String, count: Int)
        throws
    {
        let a = try DatagramEcho("", answers: false)
        try withUsherd(configuration([a.address], "send-proxy = \"\(how)\"")) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            for _ in 0..<3 { try peer.send("data") }
            try waitUntil("all have come") { a.received.count == 3 }
            let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
            let headed = a.received.filter { $0.starts(with: signature) }
            #expect(headed.count == count && a.received[0].starts(with: signature))
            for datagram in headed {
                // Version 2, PROXY; IPv4 and datagrams.
                #expect(datagram[12] == 0x21 && datagram[13] == 0x12)
                let length = Int(datagram[14]) << 8 | Int(datagram[15])
                let port = Int(datagram[24]) << 8 | Int(datagram[25])
                #expect(peer.address.hasSuffix(":\(port)"))
                #expect(Array(datagram.dropFirst(16 + length)) == Array("data".utf8))
            }
        }
    }

    @Test func `UDP and Unix datagrams are relayed to each other`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("upstream")
        let overUnix = try DatagramEcho("unix", path: path)
        let overUDP = try DatagramEcho("udp")
        let text = """
            [listener.front]
            listen = "udp://127.0.0.1:0"
            service = "forward"
            to = "unix-dgram://\(path)"

            [listener.back]
            listen = "unix-dgram://\(directory.appending("back"))"
            service = "forward"
            to = "\(overUDP.address)"
            """
        try withUsherd(text) { daemon in
            let udp = try #require(try daemon.record("listening") { $0["listener"] == "front" }["local"])
            #expect(try answer(to: "x", at: udp) == "unix:x")
            #expect(try answer(to: "x", at: "unix-dgram://\(directory.appending("back"))") == "udp:x")
            #expect(overUnix.received.count == 1)
        }
    }

    @Test func `an upstream's name is resolved`() throws {
        let a = try DatagramEcho("a")
        try withUsherd(configuration(["udp://localhost:\(a.port)"])) { daemon in
            let peer = try DatagramClient(to: front(daemon))
            // What comes while the name is asked for is held.
            for number in 0..<5 { try peer.send("\(number)") }
            #expect(try (0..<5).map { _ in try peer.receiveText() } == (0..<5).map { "a:\($0)" })
        }
    }

    @Test func `a flow survives a reload, and new flows use the new upstream`() throws {
        let a = try DatagramEcho("a")
        let b = try DatagramEcho("b")
        try withUsherd(configuration([a.address])) { daemon in
            let address = try front(daemon)
            let peer = try DatagramClient(to: address)
            try expectAnswer("a:1", to: "1", peer)
            try daemon.reload(configuration([b.address]))
            try expectAnswer("a:2", to: "2", peer)
            #expect(try answer(to: "3", at: address) == "b:3")
            #expect(daemon.records("close").isEmpty)
        }
    }

    @Test func `checks send a request and need an answer`() throws {
        let a = try DatagramEcho("")
        let health =
            "health = { interval = \"1s\", timeout = \"500ms\", rise = 1, fall = 1, send = \"well?\", expect = \":well?\" }"
        try withUsherd(configuration([a.address], health)) { daemon in
            try waitUntil("it is asked") { a.received.contains(Array("well?".utf8)) }
            try a.stop()
            let down = try daemon.record("upstream-down")
            #expect(down["message"]?.contains("1 failed check in a row") == true, "\(down.line)")
            let again = try waitFor("its port again") { try? DatagramEcho("", port: a.port) }
            #expect(try daemon.record("upstream-up")["upstream"] == again.address)
        }
    }
}
