// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// From any kind of stream to any other, and from messages to messages.
@Suite struct ForwardFamilyTests {
    @Test(arguments: ["tcp4", "tcp6", "unix", "abstract"])
    func `socat exchanges data with socat over all families`(upstream: String) throws {
        let directory = try TemporaryDirectory()
        let port = try ReservedPort()
        let (option, address): (String, String) =
            switch upstream {
            case "tcp4": ("TCP4-LISTEN:\(port.address.port),bind=127.0.0.1,reuseaddr,fork", port.address.description)
            case "tcp6":
                ("TCP6-LISTEN:\(port.address.port),bind=[::1],reuseaddr,fork", port.address.at("::1").description)
            case "unix": ("UNIX-LISTEN:\(directory.path)/up,fork", "unix://\(directory.path)/up")
            default: ("ABSTRACT-LISTEN:\(directory.path),fork", "unix://@\(directory.path)")
            }
        let server = try ServerProgram(
            "socat", [option, "EXEC:cat"], in: directory, at: try #require(ServerAddress(address)))
        let configuration = """
            [listener.front]
            listen = ["tcp://127.0.0.1:0", "tcp://[::1]:0", "unix://$DIR/stream", "unix://@usher-test-$DIR"]
            service = "forward"
            to = "\(address)"
            """
        let bytes = Array(TestData.tenMebibytes.prefix(2 << 20))
        try withUsherd(configuration) { daemon in
            for index in 0..<4 {
                let local = try daemon.address("front", index)
                let result = try run("socat", ["-t", "60", "-b", "65536", "-", local.socat], input: bytes)
                #expect(result.succeeded, "\(result.errors)")
                #expect(result.output == bytes, "from \(local)")
            }
            let ends = try daemon.records("close", count: 4)
            for end in ends {
                #expect(end["reason"] == "client-closed")
                #expect(end["by"] == "client")
                #expect(end["upstream"] == address)
                #expect(end[number: "bytes_in"] == bytes.count)
                #expect(end[number: "bytes_out"] == bytes.count)
            }
        }
        try server.stop()
    }

    @Test func `message boundaries are kept, also of empty messages`() throws {
        let directory = try TemporaryDirectory()
        let server = try ServerProgram.python(
            """
            import socket, sys
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listening.bind(sys.argv[1])
            listening.listen()
            print("ready")
            connection, _ = listening.accept()
            for _ in range(323): connection.send(connection.recv(1 << 18))
            assert connection.recv(1) == b""
            """, [directory.appending("up")], in: directory)
        let configuration = """
            [listener.front]
            listen = "unix-seqpacket://$DIR/packets"
            service = "forward"
            to = "unix-seqpacket://\(directory.path)/up"
            """
        try withUsherd(configuration) { daemon in
            let result = try run(
                "/usr/bin/python3",
                [
                    "-c",
                    """
                    import os, socket, sys, threading
                    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                    client.settimeout(60)
                    client.connect(sys.argv[1])
                    messages = [b"one", b"", b"two"] + [os.urandom(1 + i * 7919 % 65536) for i in range(320)]
                    def send():
                        for message in messages: client.send(message)
                        client.shutdown(socket.SHUT_WR)
                    sender = threading.Thread(target=send)
                    sender.start()
                    for message in messages: assert client.recv(1 << 18) == message
                    assert client.recv(1) == b""
                    sender.join()
                    print(sum(map(len, messages)))
                    """, daemon.directory.appending("packets"),
                ])
            #expect(result.succeeded, "\(result.errors)")
            let close = try daemon.record("close")
            #expect(close[number: "bytes_in"] == Int(result.text.dropLast()))
            #expect(close[number: "bytes_out"] == Int(result.text.dropLast()))
            #expect(close["peer"] == "unix-seqpacket://")
            #expect(try server.waitForEnd() == .exited(0), "\(server.said)")
        }
    }

    @Test func `datagrams to a stream without framing are refused at the start`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            """
            [listener.front]
            listen = "unix-seqpacket://\(directory.path)/packets"
            service = "forward"
            to = "tcp://127.0.0.1:7"
            """, to: "usherd.toml")
        let result = try run(BuiltProgram.usherd(), ["--check", "--no-host", "--config", path])
        #expect(result.end == .exited(78))
        #expect(result.errors.contains("tcp, unix and vsock can be relayed to each other"), "\(result.errors)")
    }

    @Test func `a relay to itself is refused at the start`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            """
            [listener.front]
            listen = "tcp://127.0.0.1:7007"
            service = "forward"
            to = "tcp://localhost:7007"
            """, to: "usherd.toml")
        let result = try run(BuiltProgram.usherd(), ["--check", "--no-host", "--config", path])
        #expect(result.end == .exited(78))
        #expect(result.errors.contains("\(path):4:"), "\(result.errors)")
    }
}
