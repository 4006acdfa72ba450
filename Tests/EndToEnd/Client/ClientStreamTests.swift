// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `usherctl connect` over connections, with servers and clients that others wrote.
@Suite struct ClientStreamTests {
    private let echoes = """
        [listener.echo]
        listen = ["tcp://127.0.0.1:0", "tcp://[::1]:0", "unix://$DIR/stream", "unix://@usher-client-$DIR"]
        service = "echo"
        """

    private func port(of server: ServerProgram) throws -> String {
        try waitFor("a port") { server.said.split(separator: "\n").first.map(String.init) }
    }

    // MARK: - Plain socket programs

    @Test func `connect gets answers of a plain server, line by line`() throws {
        let directory = try TemporaryDirectory()
        let server = try ServerProgram.python(PlainPeers.typingServer, ["yes?,good,bye"], in: directory)
        let client = try Usherctl(["connect", "tcp://127.0.0.1:\(port(of: server))"])
        // The server sends no line feeds, so nothing is printed but what it says.
        try client.type("hello\n")
        try client.waitForOutput("yes?")
        try client.type("how are you\n")
        try client.waitForOutput("yes?good")
        try client.type("q\n")
        #expect(try client.waitForEnd() == .exited(0))
        #expect(client.output == "yes?goodbye")
        #expect(client.said.isEmpty)
        #expect(server.said.hasSuffix("hello\nhow are you\nq\n"))
    }

    @Test(arguments: [
        ["connect", "--listen", "tcp://127.0.0.1:0"], ["connect", "tcp://127.0.0.1:0", "-l"],
        ["-l", "--timeout", "1m", "connect", "tcp://127.0.0.1:0"],
    ])
    func `connect --listen serves a plain client until q`(arguments: [String]) throws {
        let server = try Usherctl(arguments)
        let port = try server.port()
        let directory = try TemporaryDirectory()
        let client = try ServerProgram.python(
            PlainPeers.typingClient.replacing(
                "import socket, sys", with: "import socket, sys; print('up', flush=True)"),
            ["127.0.0.1", port, "one,two,q,never"], in: directory)
        try server.waitForOutput("one")
        try server.type("first\n")
        try server.waitForOutput("onetwo")
        try server.type("second\n")
        #expect(try client.waitForEnd() == .exited(0))
        // The client has gone; whoever listens has not ended the input, and ends all the same.
        #expect(try server.waitForEnd() == .exited(0))
        #expect(server.output == "onetwo")
        #expect(client.said == "up\nfirst\nsecond\n")
    }

    @Test(arguments: 0..<4)
    func `a file is sent, then half-closed, and the whole answer is printed`(index: Int) throws {
        try withUsherd(echoes) { daemon in
            let address = try daemon.address("echo", index)
            let result = try run(
                BuiltProgram.path(of: "usherctl"), ["connect", "\(address)"], input: TestData.tenMebibytes)
            #expect(result.succeeded, "\(result.errors)")
            #expect(result.output == TestData.tenMebibytes)
            #expect(try daemon.record("close")["reason"] == "client-closed")
        }
    }

    @Test func `connect --listen sends a file to socat`() throws {
        let server = try Usherctl(["connect", "--listen", "tcp://127.0.0.1:0"], input: "from here\n")
        let result = try run(
            "socat", ["-t", "60", "-", "TCP4:127.0.0.1:\(server.port())"], input: Array("from there\n".utf8))
        #expect(result.text == "from here\n")
        #expect(try server.waitForEnd() == .exited(0))
        #expect(server.output == "from there\n")
    }

    @Test func `--listen on a Unix path accepts one client and removes the path`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("socket")
        let server = try Usherctl(["connect", "--listen", "unix://\(path)"], input: "hi\n")
        #expect(try server.address() == "unix://\(path)")
        let result = try run("nc", ["-N", "-U", path], input: Array("ho\n".utf8))
        #expect(result.text == "hi\n")
        #expect(try server.waitForEnd() == .exited(0))
        #expect(server.output == "ho\n")
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    // MARK: - Seqpacket

    @Test func `message boundaries are kept, also of empty messages`() throws {
        let configuration = """
            [listener.echo]
            listen = "unix-seqpacket://$DIR/packets"
            service = "echo"
            """
        try withUsherd(configuration) { daemon in
            let address = try daemon.address("echo")
            let result = try Usherctl.run(["connect", "--hex", "\(address)"], input: "61 62\n\n63\n")
            #expect(result.end == .exited(0))
            #expect(result.text == "61 62\n\n63\n")
        }
    }

    // MARK: - Ends

    @Test func `EOF of the server ends the client while its input is open`() throws {
        let directory = try TemporaryDirectory()
        let server = try ServerProgram.python(PlainPeers.typingServer, ["only"], in: directory)
        let client = try Usherctl(["connect", "tcp://127.0.0.1:\(port(of: server))"])
        try client.type("hello\n")
        #expect(try client.waitForEnd() == .exited(0))
        #expect(client.output == "only")
    }

    @Test func `--count ends after that number of lines`() throws {
        try withUsherd("[listener.chargen]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"chargen\"") { daemon in
            let result = try Usherctl.run(["receive", "--count", "2", "\(daemon.address("chargen"))"])
            #expect(result.end == .exited(0))
            #expect(result.text.split(separator: "\r\n", omittingEmptySubsequences: false).map(\.count) == [72, 72, 0])
        }
    }

    @Test func `send sends one message and waits for EOF`() throws {
        let server = try Usherctl(["receive", "--listen", "tcp://127.0.0.1:0"])
        let result = try Usherctl.run(["send", "\(server.address())", "two", "words"])
        #expect(result.end == .exited(0))
        #expect(result.output.isEmpty)
        #expect(try server.waitForEnd() == .exited(0))
        #expect(server.output == "two words")
    }

    @Test func `q ends a session with a server that sends without end`() throws {
        try withUsherd("[listener.chargen]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"chargen\"") { daemon in
            let result = try Usherctl.run(["send", "--timeout", "300ms", "\(daemon.address("chargen"))", "x"])
            #expect(result.end == .exited(0))
            #expect(result.output.isEmpty)
        }
    }

    // MARK: - Options

    @Test func `--source sets the local address`() throws {
        try withUsherd(echoes) { daemon in
            let address = try daemon.address("echo")
            for source in ["127.0.0.9", "127.0.0.9:0", "tcp://127.0.0.9:0"] {
                let result = try Usherctl.run(["connect", "--source", source, "\(address)"], input: "x")
                #expect(result.end == .exited(0), "\(result.errors)")
                #expect(result.text == "x")
            }
            let opens = try daemon.records("open", count: 3)
            #expect(opens.allSatisfy { $0["peer"]?.hasPrefix("tcp://127.0.0.9:") == true })
        }
    }

    @Test func `--hex reads and prints a stream`() throws {
        try withUsherd(echoes) { daemon in
            let address = try daemon.address("echo")
            let result = try Usherctl.run(["connect", "--hex", "\(address)"], input: "00 ff\n0x0a:0b\n7f")
            #expect(result.end == .exited(0))
            #expect(result.text.split { $0.isWhitespace }.joined(separator: " ") == "00 ff 0a 0b 7f")
        }
    }

    @Test func `the addresses of a name are tried in turn`() throws {
        // Nobody listens on ::1 at that port, where getaddrinfo(3) gives it first.
        let port = try ReservedPort()
        let server = try Usherctl(["connect", "--listen", "\(port.address)"], input: "found\n")
        _ = try server.address()
        let result = try Usherctl.run(["connect", "tcp://localhost:\(port.address.port)"])
        #expect(result.end == .exited(0), "\(result.errors)")
        #expect(result.text == "found\n")
        #expect(try server.waitForEnd() == .exited(0))
    }
}
