// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The exit statuses of usherctl's client, and the sentence that goes with each.
@Suite struct ClientExitStatusTests {
    /// Whether this kernel has a family: `AF_CAN`.
    private func has(_ family: String, _ type: String) throws -> Bool {
        try python("import socket; socket.socket(socket.\(family), socket.\(type), 0)").succeeded
    }

    private func expect(
        _ arguments: [String], input: String = "", _ status: CInt, _ words: String,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let result = try Usherctl.run(arguments, input: input)
        #expect(result.end == .exited(status), "\(result.errors)", sourceLocation: location)
        #expect(result.errors.contains(words), "\(result.errors)", sourceLocation: location)
        #expect(result.output.isEmpty, sourceLocation: location)
    }

    @Test func `69: connection refused`() throws {
        let port = try ReservedPort().address.port
        try expect(["connect", "tcp://127.0.0.1:\(port)"], 69, "nothing is listening on tcp://127.0.0.1:\(port) ")
        try expect(["connect", "unix:///nonexistent/socket"], 69, "no such file or socket")
        try expect(["connect", "unix-dgram://@usher-nobody"], 69, "connection refused: nothing is listening on")
        try expect(["send", "udp://127.0.0.1:\(port)", "x"], 69, "connection refused: nothing is listening on")
        try expect(
            ["connect", "udp://127.0.0.1:\(port)"], input: "x\n", 69, "connection refused: nothing is listening on")
    }

    @Test func `69: a socket of another kind`() throws {
        let directory = try TemporaryDirectory()
        let server = try Usherctl(["receive", "unix-dgram://\(directory.path)/socket"])
        _ = try server.address()
        try expect(["connect", "unix://\(directory.path)/socket"], 69, "unix-dgram://")
        server.send(signal: SIGTERM)
    }

    @Test func `75: the peer does not answer`() throws {
        let script = """
            import socket, sys
            stream = socket.create_server(("127.0.0.1", 0))
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            datagrams.bind(("127.0.0.1", 0))
            print(stream.getsockname()[1], datagrams.getsockname()[1], flush=True)
            connection = stream.accept()
            sys.stdin.read() or datagrams.recv(1) and connection[0].recv(100) and socket.socket().accept()
            """
        let directory = try TemporaryDirectory()
        let server = try ServerProgram.python(script, in: directory)
        let ports = server.said.split { $0.isWhitespace }
        try expect(["connect", "--timeout", "200ms", "tcp://127.0.0.1:\(ports[0])"], 75, "timed out: no answer")
        try expect(["connect", "--timeout", "200ms", "udp://127.0.0.1:\(ports[1])"], input: "x", 75, "--timeout")
        try expect(["receive", "--timeout", "200ms", "udp://127.0.0.1:0"], 75, "timed out: no data")
        try expect(
            ["connect", "--listen", "--timeout", "200ms", "tcp://127.0.0.1:0"], 75, "timed out: no client connected")
    }

    @Test func `76: the peer resets, after its data was printed`() throws {
        let script = """
            import socket, struct
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1], flush=True)
            connection, peer = server.accept()
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            """
        let directory = try TemporaryDirectory()
        let server = try ServerProgram.python(script, in: directory)
        let port = server.said.split { $0.isWhitespace }[0]
        let client = try Usherctl(["connect", "tcp://127.0.0.1:\(port)"])
        try client.type("hello\n")
        #expect(try client.waitForEnd() == .exited(76))
        #expect(client.said.contains("Connection reset by peer"))
    }

    @Test func `68: a name that does not resolve`() throws {
        try expect(["connect", "tcp://no-such-host.invalid:7"], 68, "`no-such-host.invalid` does not resolve")
    }

    @Test func `71: a family that this kernel does not have, and the module to load`() throws {
        if try !has("AF_CAN", "SOCK_RAW") {
            try expect(["connect", "can://can0"], 71, "modprobe can_raw")
            try expect(["send", "can://can0", "123#DEAD"], 71, "modprobe can_raw")
        }
        if try !has("AF_RDS", "SOCK_SEQPACKET") {
            try expect(["connect", "rds://127.0.0.1:4000"], 71, "modprobe rds_tcp")
        }
    }

    @Test func `73: an address that is in use or not local`() throws {
        let server = try Usherctl(["receive", "udp://127.0.0.1:0"])
        try expect(["receive", "\(server.address())"], 73, "address already in use by another process")
        server.send(signal: SIGTERM)
        try expect(["receive", "udp://192.0.2.1:7"], 73, "is not an address of this host")
        try expect(["connect", "--source", "192.0.2.1", "udp://127.0.0.1:7"], 73, "is not an address of this host")
    }

    @Test func `65: a line that cannot be sent`() throws {
        let server = try Usherctl(["receive", "--count", "2", "udp://127.0.0.1:0"])
        let address = try server.address()
        try expect(
            ["connect", "--hex", address], input: "00\nxy\n", 65, "line 2 of the input: `x` is not a hexadecimal digit")
        try expect(
            ["connect", address], input: String(repeating: "x", count: 70_000), 65, "message too long")
        server.send(signal: SIGTERM)
    }

    @Test(arguments: [
        (["connect", "systemd://web"], "systemctl list-sockets"), (["connect", "tcp://*:7"], "localhost"),
        (["connect", "tcp://127.0.0.1"], "no port"), (["connect", "--timeout", "5", "udp://127.0.0.1:7"], "no unit"),
        (["connect", "--count", "0", "udp://127.0.0.1:7"], "--count"), (["connect"], "<address>"),
        (["send", "udp://127.0.0.1:7"], "<data>"), (["send", "can://can0", "hello"], "123#DEADBEEF"),
        (["connect", "--source", "@x", "tcp://127.0.0.1:7"], "--source"),
        (["send", "can://*", "123#00"], "not send to all"),
    ])
    func `64: a command line that asks for something impossible`(arguments: [String], words: String) throws {
        try expect(arguments, 64, words)
    }

    @Test func `the manual describes every exit status`() throws {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { url.deleteLastPathComponent() }
        let page = try String(contentsOf: url.appendingPathComponent("packaging/man/usherctl.1"), encoding: .utf8)
        for status in [0, 64, 65, 68, 69, 71, 73, 74, 75, 76, 77, 78] {
            #expect(page.contains("\n.It \(status)\n"), "\(status)")
        }
    }
}
