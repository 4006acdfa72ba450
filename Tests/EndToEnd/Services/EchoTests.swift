// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Everything comes back, whoever asks and by whatever way.
@Suite struct EchoTests {
    private let everywhere = """
        [listener.echo]
        listen = [
            "tcp://127.0.0.1:0", "tcp://[::1]:0", "unix://$DIR/stream", "unix://@usher-test-$DIR",
            "unix-seqpacket://$DIR/packets",
        ]
        service = "echo"
        """

    @Test(arguments: 0..<4)
    func `a half-closed socat gets everything back`(index: Int) throws {
        try withUsherd(everywhere) { daemon in
            let address = try daemon.address("echo", index)
            let result = try run(
                "socat", ["-t", "60", "-b", "65536", "-", address.socat], input: TestData.tenMebibytes)
            #expect(result.succeeded, "\(result.errors)")
            #expect(result.output == TestData.tenMebibytes)
            let close = try daemon.record("close")
            #expect(close[number: "bytes_in"] == 10 << 20)
            #expect(close[number: "bytes_out"] == 10 << 20)
            #expect(close["reason"] == "client-closed")
            #expect(close["by"] == "client")
            #expect(close["local"] == address.description)
        }
    }

    @Test(arguments: [["127.0.0.1"], ["-6", "::1"]])
    func `ncat gets everything back`(host: [String]) throws {
        try withUsherd(everywhere) { daemon in
            let address = try daemon.address("echo", host.count - 1)
            let result = try run("ncat", host + ["\(address.port)"], input: TestData.tenMebibytes)
            #expect(result.succeeded, "\(result.errors)")
            #expect(result.output == TestData.tenMebibytes)
        }
    }

    @Test func `nc on a Unix socket gets everything back`() throws {
        try withUsherd(everywhere) { daemon in
            let result = try run(
                "nc", ["-N", "-U", daemon.directory.appending("stream")], input: TestData.tenMebibytes)
            #expect(result.succeeded, "\(result.errors)")
            #expect(result.output == TestData.tenMebibytes)
        }
    }

    @Test func `message boundaries are kept`() throws {
        try withUsherd(everywhere) { daemon in
            let result = try python(
                """
                import os, socket, sys, threading
                client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                client.settimeout(60)
                client.connect(sys.argv[1])
                messages = [os.urandom(1 + i * 7919 % 65536) for i in range(320)]
                def send():
                    for message in messages: client.sendall(message)
                    client.shutdown(socket.SHUT_WR)
                sender = threading.Thread(target=send)
                sender.start()
                for message in messages: assert client.recv(1 << 18) == message
                assert client.recv(1) == b""
                sender.join()
                print(sum(map(len, messages)))
                """, [daemon.directory.appending("packets")])
            #expect(result.succeeded, "\(result.errors)")
            let close = try daemon.record("close")
            #expect(close[number: "bytes_in"] == Int(result.text.dropLast()))
            #expect(close[number: "bytes_out"] == Int(result.text.dropLast()))
            #expect(close["peer"] == "unix-seqpacket://")
        }
    }

    @Test func `an empty message is echoed and is not EOF`() throws {
        try withUsherd(everywhere) { daemon in
            let result = try python(
                """
                import socket, sys
                client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                client.settimeout(60)
                client.connect(sys.argv[1])
                for message in b"one", b"", b"two": client.send(message)
                print([client.recv(16) for _ in range(3)])
                """, [daemon.directory.appending("packets")])
            #expect(result.text == "[b'one', b'', b'two']\n", "\(result.errors)")
        }
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func `records of a dual-stack listener show IPv4 peers as IPv4`(host: String) throws {
        try withUsherd("[listener.echo]\nlisten = \"tcp://*:0\"\nservice = \"echo\"") { daemon in
            let address = try daemon.address("echo").at(host)
            let client = try Client(address)
            try client.send("x")
            #expect(try client.receive(exactly: 1) == Array("x".utf8))
            client.close()
            let close = try daemon.record("close")
            #expect(close["peer"] == client.name)
            #expect(close["local"] == address.description)
        }
    }

    @Test func `many concurrent clients each get their own bytes`() throws {
        try withUsherd(everywhere) { daemon in
            let addresses = try (0..<5).map { try daemon.address("echo", $0) }
            let clients = try (0..<200).map { try Client(addresses[$0 % addresses.count]) }
            for round in 0..<5 {
                for (number, client) in clients.enumerated() { try client.send("\(round) \(number)") }
                for (number, client) in clients.enumerated() {
                    let text = "\(round) \(number)"
                    #expect(try client.receive(exactly: text.utf8.count) == Array(text.utf8))
                }
            }
            for client in clients { client.close() }
            let ends = try daemon.records("close", count: clients.count)
            #expect(ends.allSatisfy { $0[number: "bytes_in"] == $0[number: "bytes_out"] })
        }
    }
}
