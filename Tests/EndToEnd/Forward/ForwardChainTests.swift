// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// usherd behind usherd.
@Suite struct ForwardChainTests {
    @Test func `the identifier and the client survive two relays`() throws {
        let server = try Server()
        let inner = """
            [listener.inner]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = "\(server.address)"
            accept-proxy = ["127.0.0.0/8"]
            send-proxy = "v2"
            """
        try withUsherd(inner) { inner in
            let outer = """
                [listener.outer]
                listen = "tcp://127.0.0.1:0"
                service = "forward"
                to = "\(try inner.address("inner"))"
                send-proxy = "v2"
                """
            try withUsherd(outer) { outer in
                let client = try Client(outer.address("outer"))
                try client.send("hello")
                try client.finishWriting()
                let upstream = try server.accept()
                let received = try upstream.receiveAll()
                #expect(received.starts(with: ProxyBytes.signature))
                let text = String(decoding: received, as: UTF8.self)
                #expect(text.hasSuffix("hello"))
                let first = try outer.record("open")
                #expect(first["peer"] == client.name)
                let trail = try #require(text.range(of: "usherd/1/2/"))
                #expect(text[trail.upperBound...].dropFirst(16).hasPrefix("/\(first.connection)"), "\(text)")
                try upstream.send("well")
                upstream.close()
                #expect(try client.receiveAll() == Array("well".utf8))
                client.close()
                let second = try inner.close(of: client.name)
                #expect(second["via"]?.hasPrefix("tcp://127.0.0.1:") == true)
                #expect(second["via"] != client.name)
                #expect(second[number: "bytes_in"] == 5)
                _ = try outer.close(of: client.name)
            }
        }
    }

    @Test func `the host name of a header is passed on, with an own identifier`() throws {
        let server = try Server()
        let configuration = """
            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = "\(server.address)"
            accept-proxy = ["127.0.0.1"]
            send-proxy = "v2"
            """
        try withUsherd(configuration) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send(
                ProxyBytes.header([(0x02, Array("www.usher.test".utf8)), (0x05, Array("made elsewhere".utf8))]))
            try client.finishWriting()
            let upstream = try server.accept()
            let received = try upstream.receiveAll()
            let text = String(decoding: received, as: UTF8.self)
            #expect(text.contains("www.usher.test"))
            // An ID without a count of the hops would hide a loop.
            #expect(text.contains("usherd/1/1/"))
            #expect(!text.contains("made elsewhere"))
            // 192.0.2.1 to 198.51.100.7, 4711 to 443.
            #expect(
                Array(received.dropFirst(16).prefix(12)) == [192, 0, 2, 1, 198, 51, 100, 7, 0x12, 0x67, 0x01, 0xbb])
            upstream.close()
            client.close()
        }
    }

    @Test(arguments: [
        Array("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".utf8), ProxyBytes.header(),
        ProxyBytes.header([(0x05, Array("made elsewhere".utf8))]),
    ])
    func `a loop over PROXY headers is refused`(header: [UInt8]) throws {
        let place = try TemporaryDirectory()
        func half(_ name: String, to other: String) -> String {
            """
            [listener.\(name)]
            listen = "unix://\(place.path)/\(name)"
            service = "forward"
            to = "unix://\(place.path)/\(other)"
            accept-proxy = ["unix"]
            send-proxy = "v2"
            max-connections = 100
            """
        }
        try withUsherd(half("left", to: "right")) { left in
            try withUsherd(half("right", to: "left")) { right in
                let client = try Client(left.address("left"))
                try client.send(header)
                try waitUntil("the client is told that it cannot be served") { client.isEnded }
                let daemons = [left, right]
                let refused = try waitFor("a refusal") { daemons.flatMap { $0.records("refused") }.first }
                #expect(refused["reason"] == "loop detected: 16 relays")
                #expect(refused["rule"] == "listener.to")
                client.close()
                try waitUntil("all is over") {
                    daemons.allSatisfy { $0.records("open").count == $0.records("close").count }
                }
                #expect(daemons.flatMap { $0.records("open") }.count == 16)
                #expect(daemons.flatMap { $0.records("refused") }.count == 1)
            }
        }
    }
}
