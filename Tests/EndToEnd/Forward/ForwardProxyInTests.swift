// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `accept-proxy`: who our clients are, as others say.
@Suite struct ForwardProxyInTests {
    private func configuration(_ upstream: ServerAddress, from sources: String = "127.0.0.1") -> String {
        """
        [listener.front]
        listen = ["tcp://127.0.0.1:0", "unix://$DIR/front"]
        service = "forward"
        to = "\(upstream)"
        accept-proxy = ["\(sources)", "unix"]
        """
    }

    @Test(arguments: ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options unique-id,crc32c"])
    func `the client address of HAProxy's PROXY header is logged`(option: String) throws {
        let upstream = try GreetingServer("up")
        let directory = try TemporaryDirectory()
        let path = directory.appending("front")
        let port = try ReservedPort()
        let configuration = """
            [listener.front]
            listen = ["\(port.address)", "unix://\(path)"]
            service = "forward"
            to = "\(upstream.address)"
            accept-proxy = ["127.0.0.0/8", "unix"]
            """
        try withUsherd(configuration) { daemon in
            for (place, via) in [
                ("127.0.0.1:\(port.address.port)", "tcp://127.0.0.1:"), ("unix@\(path)", "unix://"),
            ] {
                let haproxy = try HAProxy(
                    """
                    listen through
                        mode tcp
                        bind $TCP
                        unique-id-format "id of haproxy"
                        server usherd \(place) \(option)
                    """)
                // HAProxy was asked whether it serves by somebody who said nothing.
                let client = try Client(haproxy.address)
                #expect(try client.receiveLine() == "up")
                try client.send("hello")
                #expect(try client.receive(exactly: 5) == Array("hello".utf8))
                client.close()
                let close = try daemon.close(of: client.name)
                #expect(close["via"]?.hasPrefix(via) == true, "\(close.line)")
                #expect(close["via"] != client.name)
                #expect(close[number: "bytes_in"] == 5)
                #expect(close[number: "bytes_out"] == 8)
                let open = try daemon.record("open") { $0["peer"] == client.name }
                #expect(open["via"] == close["via"])
            }
        }
    }

    @Test func `the client address of nginx's PROXY header is logged`() throws {
        let upstream = try GreetingServer("up")
        try withUsherd(configuration(upstream.address)) { daemon in
            let nginx = try Nginx(
                stream: """
                    server { listen $TCP; proxy_pass 127.0.0.1:\(daemon.address("front").port); proxy_protocol on; }
                    """)
            let client = try Client(nginx.address)
            #expect(try client.receiveLine() == "up")
            client.close()
            #expect(try daemon.close(of: client.name)["via"]?.hasPrefix("tcp://127.0.0.1:") == true)
        }
    }

    @Test func `a header in tiny pieces is read, and no byte after it`() throws {
        let upstream = try Server()
        try withUsherd(configuration(upstream.address)) { daemon in
            let headers: [([UInt8], String)] = [
                (Array("PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\r\n".utf8), "tcp://192.0.2.1:4711"),
                (Array("PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n".utf8), "tcp://[2001:db8::1]:4711"),
                (ProxyBytes.header([(0x02, Array("usher.test".utf8)), (0x04, [0, 0])]), "tcp://192.0.2.1:4711"),
            ]
            for (header, peer) in headers {
                let client = try Client(daemon.address("front"))
                for byte in header { try client.send([byte]) }
                try client.send("rest")
                try client.finishWriting()
                let server = try upstream.accept()
                #expect(try server.receiveAll() == Array("rest".utf8))
                server.close()
                #expect(try client.receiveAll().isEmpty)
                let close = try daemon.record("close") { $0["via"] == client.name }
                #expect(close["peer"] == peer)
                #expect(close[number: "bytes_in"] == 4)
                client.close()
            }
        }
    }

    @Test(arguments: ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN and whatever\r\n"])
    func `UNKNOWN and LOCAL headers keep the sender as the client`(header: String) throws {
        let upstream = try GreetingServer("up")
        try withUsherd(configuration(upstream.address)) { daemon in
            for bytes in [Array(header.utf8), ProxyBytes.local] {
                let client = try Client(daemon.address("front"))
                try client.send(bytes)
                #expect(try client.receiveLine() == "up")
                client.close()
                _ = try daemon.close(of: client.name)
            }
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", "the client sent no PROXY header"),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 4711 443 1\r\n", "the PROXY header "),
        ("PROXY TCP4 2001:db8::1 198.51.100.7 4711 443\r\n", "the PROXY header has an address"),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 65536 443\r\n", "the PROXY header has a port"),
        ("PROXY UDP4 192.0.2.1 198.51.100.7 4711 443\r\n", "the PROXY header names none of"),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\n", "the PROXY header "),
        ("PROXY UNKNOWN " + String(repeating: "x", count: 200), "the PROXY header has no end"),
    ])
    func `an invalid header is refused with the cause`(text: String, reason: String) throws {
        let upstream = try GreetingServer("up")
        try withUsherd(configuration(upstream.address)) { daemon in
            for address in [try daemon.address("front", 0), try daemon.address("front", 1)] {
                let client = try Client(address)
                try client.send(text)
                // It may have been turned away by now.
                try? client.finishWriting()
                try waitUntil("the client is turned away") { client.isEnded }
                let refused = try daemon.record("refused") { $0["local"] == address.description }
                #expect(refused["reason"]?.hasPrefix("PROXY header: \(reason)") == true, "\(refused.line)")
                #expect(refused["rule"] == "listener.accept-proxy")
                #expect(refused["peer"] == client.name)
                client.close()
            }
            #expect(daemon.records("open").isEmpty)
            #expect(upstream.accepted == 0)
        }
    }

    @Test func `refuses a damaged header of version 2`() throws {
        let upstream = try GreetingServer("up")
        var cutOff = ProxyBytes.header()
        cutOff[15] = 11
        var command = ProxyBytes.header()
        command[12] = 0x22
        var version = ProxyBytes.header()
        version[12] = 0x31
        let damaged = [
            cutOff, command, version, ProxyBytes.header([(0x03, [1, 2, 3, 4])]),
            ProxyBytes.header([(0x05, Array(repeating: 0x61, count: 129))]),
        ]
        try withUsherd(configuration(upstream.address)) { daemon in
            for bytes in damaged {
                let client = try Client(daemon.address("front"))
                try client.send(bytes)
                try waitUntil("the client is turned away") { client.isEnded }
                let refused = try daemon.record("refused") { $0["peer"] == client.name }
                #expect(refused["reason"]?.hasPrefix("PROXY header: the PROXY header ") == true, "\(refused.line)")
                client.close()
            }
            #expect(upstream.accepted == 0)
        }
    }

    @Test func `EOF within the header is refused`() throws {
        let upstream = try GreetingServer("up")
        try withUsherd(configuration(upstream.address)) { daemon in
            for (text, place) in [("", "before"), ("PROXY TCP4 192", "within")] {
                let client = try Client(daemon.address("front"))
                try client.send(text)
                try client.finishWriting()
                try waitUntil("the client is turned away") { client.isEnded }
                let refused = try daemon.record("refused") { $0["peer"] == client.name }
                #expect(refused["reason"] == "PROXY header: EOF \(place) the header")
                client.close()
            }
            let client = try Client(daemon.address("front"))
            try client.send("PROXY TCP4 192")
            client.reset()
            let refused = try daemon.record("refused") { $0["peer"] == client.name }
            #expect(refused["rule"] == "listener.accept-proxy")
        }
    }

    @Test func `a header that does not arrive in time is refused`() throws {
        let upstream = try GreetingServer("up")
        try withUsherd(configuration(upstream.address)) { daemon in
            let silent = try Client(daemon.address("front"))
            let slow = try Client(daemon.address("front"))
            try slow.send("PROXY TCP4 ")
            for client in [silent, slow] {
                try waitUntil("the client is turned away") { client.isEnded }
                let refused = try daemon.record("refused") { $0["peer"] == client.name }
                #expect(refused["reason"] == "PROXY header: no header within 5 s")
                client.close()
            }
            #expect(upstream.accepted == 0)
        }
    }

    @Test func `a header from an unlisted source is data`() throws {
        // From 127.0.0.2 a header is wanted, from 127.0.0.1 it is the client's own text.
        let upstream = try Server()
        try withUsherd(configuration(upstream.address, from: "127.0.0.2/32")) { daemon in
            let address = try daemon.address("front")
            let text = "PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\r\n"
            let client = try Client(address)
            try client.send(text)
            try client.finishWriting()
            let server = try upstream.accept()
            #expect(try server.receiveAll() == Array(text.utf8))
            server.close()
            client.close()
            let close = try daemon.close(of: client.name)
            #expect(close["via"] == nil)

            let proxy = try Client(address, from: ServerAddress(.ip(host: "127.0.0.2", port: 0)))
            try proxy.send(text)
            try proxy.finishWriting()
            let second = try upstream.accept()
            #expect(try second.receiveAll().isEmpty)
            second.close()
            proxy.close()
            let other = try daemon.record("close") { $0["via"] == proxy.name }
            #expect(other["peer"] == "tcp://192.0.2.1:4711")
        }
    }
}
