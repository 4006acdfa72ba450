// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Framed relays between programs that others wrote.
@Suite struct ForwardFramingClientTests {
    /// Asks a name server for an address, and returns what dig printed.
    private func ask(_ options: [String], port: UInt16, _ names: [String] = ["x.test"]) throws -> String {
        try run("dig", options + ["+short", "+tries=1", "+time=30", "@127.0.0.1", "-p", "\(port)"] + names).text
    }

    /// dnsmasq on a port of its own, which answers over UDP and TCP.
    private func nameServer(in directory: TemporaryDirectory) throws -> (program: ServerProgram, port: UInt16) {
        let address = try ReservedPort().address
        let program = try ServerProgram(
            "dnsmasq",
            [
                "--keep-in-foreground", "--conf-file=/dev/null", "--port=\(address.port)", "--listen-address=127.0.0.1",
                "--bind-interfaces", "--no-resolv", "--no-hosts", "--pid-file=", "--user=", "--log-facility=-",
                "--address=/x.test/10.1.2.3",
            ], in: directory, at: address)
        return (program, address.port)
    }

    @Test func `DNS over TCP reaches a UDP server, and DNS over UDP a TCP server`() throws {
        let directory = try TemporaryDirectory()
        let (program, port) = try nameServer(in: directory)
        defer { try? program.stop() }
        let text = """
            [listener.tcp]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = "udp://127.0.0.1:\(port)"
            framing = "length16"

            [listener.udp]
            listen = "udp://127.0.0.1:0"
            service = "forward"
            to = "tcp://127.0.0.1:\(port)"
            framing = "length16"
            """
        try withUsherd(text) { daemon in
            let tcp = try daemon.address("tcp").port
            #expect(try ask(["+tcp"], port: tcp) == "10.1.2.3\n")
            // Several over one connection, RFC 7766.
            #expect(
                try ask(["+tcp", "+keepopen"], port: tcp, ["x.test", "a.x.test", "b.x.test"])
                    == "10.1.2.3\n10.1.2.3\n10.1.2.3\n")
            let local = try #require(try daemon.record("listening") { $0["listener"] == "udp" }["local"])
            let udp = try #require(UInt16(local.split(separator: ":").last ?? ""))
            #expect(try ask(["+notcp"], port: udp) == "10.1.2.3\n")
            let close = try daemon.record("close") { $0["listener"] == "tcp" }
            #expect(close[number: "datagrams_in"] == 1 && close[number: "datagrams_out"] == 1)
        }
    }

    @Test func `a logger over UDP reaches a collector of lines`() throws {
        let server = try Server()
        let text = """
            [listener.syslog]
            listen = "udp://127.0.0.1:0"
            service = "forward"
            to = "\(server.address)"
            framing = "lines"
            """
        try withUsherd(text) { daemon in
            let local = try #require(try daemon.record("listening")["local"])
            let port = try #require(local.split(separator: ":").last)
            let result = try run(
                "logger",
                ["--server", "127.0.0.1", "--port", String(port), "--udp", "--rfc3164", "--tag", "door", "it opens"])
            #expect(result.succeeded, "\(result)")
            let line = try server.accept().receiveLine()
            #expect(line?.hasPrefix("<13>") == true && line?.hasSuffix("door: it opens") == true, "\(line ?? "")")
        }
    }

    @Test func `socat's lines go to another socat as datagrams`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("received")
        let reader = try DatagramEcho("", answers: false)
        let text = """
            [listener.lines]
            listen = "unix://\(directory.appending("lines"))"
            service = "forward"
            to = "\(reader.address)"
            framing = "lines"
            """
        try withUsherd(text) { _ in
            try Data("one\ntwo\nthree".utf8).write(to: URL(filePath: path))
            let result = try run("socat", ["-u", path, "UNIX-CONNECT:\(directory.appending("lines"))"])
            #expect(result.succeeded, "\(result)")
            try waitUntil("all have come") { reader.received.count == 3 }
            #expect(reader.received == ["one", "two", "three"].map { Array($0.utf8) })
        }
    }
}
