// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `send-proxy`: others read who our clients are.
@Suite struct ForwardProxyOutTests {
    private func configuration(_ upstream: ServerAddress, _ version: String) -> String {
        """
        [listener.front]
        listen = ["tcp://127.0.0.1:0", "tcp://[::1]:0"]
        service = "forward"
        to = "\(upstream)"
        send-proxy = "\(version)"
        """
    }

    /// What a client is told, and its own address without `tcp://`.
    private func ask(_ daemon: Usherd, _ index: Int, _ question: String) throws -> (answer: String, client: String) {
        let client = try Client(daemon.address("front", index))
        try client.send(question)
        let answer = String(decoding: try client.receiveAll(), as: UTF8.self)
        client.close()
        return (answer, String(client.name.dropFirst("tcp://".count)))
    }

    @Test(arguments: ["v1", "v2"])
    func `nginx logs the client address of our PROXY header`(version: String) throws {
        let nginx = try Nginx(
            stream: """
                server {
                    listen $TCP proxy_protocol;
                    listen $UNIX proxy_protocol;
                    return "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_port\\n";
                }
                """)
        for upstream in [nginx.address, nginx.unixAddress] {
            try withUsherd(configuration(upstream, version)) { daemon in
                for index in 0..<2 {
                    let (answer, client) = try ask(daemon, index, "")
                    let port = try daemon.address("front", index).port
                    let parts = answer.split(separator: " ")
                    try #require(parts.count == 3, "\(answer)")
                    let host = parts[0].contains(":") ? "[\(parts[0])]" : String(parts[0])
                    #expect("\(host):\(parts[1])" == client)
                    #expect(parts[2] == "\(port)\n")
                }
            }
        }
    }

    @Test(arguments: ["v1", "v2"])
    func `HAProxy logs the client and the identifier of our PROXY header`(version: String) throws {
        let haproxy = try HAProxy(
            """
            frontend who
                mode http
                bind $TCP accept-proxy
                bind $UNIX accept-proxy
                http-request return status 200 content-type text/plain hdr Connection close lf-string "%[src] %[src_port] %[dst_port] %[fc_pp_unique_id]"
            """)
        for upstream in [haproxy.address, haproxy.unixAddress] {
            try withUsherd(configuration(upstream, version)) { daemon in
                for index in 0..<2 {
                    let (answer, client) = try ask(
                        daemon, index, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    let body = try #require(answer.split(separator: "\r\n").last)
                    let parts = body.split(separator: " ", omittingEmptySubsequences: false)
                    try #require(parts.count == 4, "\(answer)")
                    let host = parts[0].contains(":") ? "[\(parts[0])]" : String(parts[0])
                    #expect("\(host):\(parts[1])" == client)
                    #expect(parts[2] == "\(try daemon.address("front", index).port)")
                    let close = try daemon.close(of: "tcp://" + client)
                    if version == "v2" {
                        #expect(parts[3].hasPrefix("usherd/1/1/"), "\(answer)")
                        #expect(parts[3].hasSuffix("/\(close.connection)"), "\(answer)")
                    } else {
                        #expect(parts[3] == "")
                    }
                    // The header is not the client's.
                    #expect(close[number: "bytes_in"] == 46)
                }
            }
        }
    }

    @Test func `the header is sent before the client sends anything`() throws {
        let server = try Server()
        try withUsherd(configuration(server.address, "v1")) { daemon in
            let client = try Client(daemon.address("front"))
            let upstream = try server.accept()
            let own = client.name.dropFirst("tcp://127.0.0.1:".count)
            let port = try daemon.address("front").port
            #expect(try upstream.receiveLine() == "PROXY TCP4 127.0.0.1 127.0.0.1 \(own) \(port)")
            try upstream.send("welcome\n")
            #expect(try client.receiveLine() == "welcome")
            client.close()
            #expect(try upstream.receiveAll().isEmpty)
            upstream.close()
        }
    }

    @Test func `the header of a Unix client has its socket address`() throws {
        let server = try Server()
        for (version, expected) in [("v1", Array("PROXY UNKNOWN\r\n".utf8)), ("v2", ProxyBytes.signature)] {
            let configuration = """
                [listener.front]
                listen = "unix://$DIR/front"
                service = "forward"
                to = "\(server.address)"
                send-proxy = "\(version)"
                """
            try withUsherd(configuration) { daemon in
                let client = try Client(daemon.address("front"))
                try client.send("x")
                try client.finishWriting()
                let upstream = try server.accept()
                let received = try upstream.receiveAll()
                #expect(received.starts(with: expected), "\(received)")
                #expect(received.last == UInt8(ascii: "x"))
                upstream.close()
                client.close()
            }
        }
    }
}
