// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `usherctl connect`, `send` and `receive` over datagrams, with programs that others wrote.
@Suite struct ClientDatagramTests {
    /// A Python server that echoes, and where it is.
    private func echoServer(_ scheme: String, _ directory: TemporaryDirectory) throws -> (ServerProgram, String) {
        let (family, place) =
            switch scheme {
            case "udp4": ("AF_INET", "127.0.0.1")
            case "udp6": ("AF_INET6", "::1")
            default: ("AF_UNIX", directory.appending("server"))
            }
        let server = try ServerProgram.python(PlainPeers.echoingServer, [family, place], in: directory)
        let port = try waitFor("a port") { server.said.split(separator: "\n").first }
        return switch scheme {
        case "udp4": (server, "udp://127.0.0.1:\(port)")
        case "udp6": (server, "udp://[::1]:\(port)")
        default: (server, "unix-dgram://\(place)")
        }
    }

    @Test(arguments: ["udp4", "udp6", "unix-dgram"])
    func `each line is a datagram, and each answer is printed`(scheme: String) throws {
        let directory = try TemporaryDirectory()
        let (server, address) = try echoServer(scheme, directory)
        let result = try Usherctl.run(["connect", "--count", "4", address], input: "one\n\nthree\nlast")
        #expect(result.end == .exited(0), "\(result.errors)")
        #expect(result.text == "one\n\nthree\nlast\n")
        let lengths = server.said.split(separator: "\n").dropFirst().compactMap { $0.split(separator: " ").first }
        #expect(lengths == ["3", "0", "5", "4"])
    }

    @Test func `a Unix datagram client has a name that a server can answer`() throws {
        let directory = try TemporaryDirectory()
        let (server, address) = try echoServer("unix-dgram", directory)
        #expect(try Usherctl.run(["connect", "--count", "1", address], input: "x").text == "x\n")
        // As Python shows an abstract name of five digits.
        #expect(server.said.contains("1 b'\\x00"))
        let own = directory.appending("client")
        #expect(try Usherctl.run(["connect", "--count", "1", "--source", own, address], input: "x").text == "x\n")
        #expect(server.said.contains("1 \(own)\n"))
        #expect(!FileManager.default.fileExists(atPath: own))
    }

    @Test func `the client ends after --timeout without an answer`() throws {
        let directory = try TemporaryDirectory()
        let (server, address) = try echoServer("udp4", directory)
        let result = try Usherctl.run(["connect", "--timeout", "500ms", address], input: "one\ntwo\n")
        #expect(result.end == .exited(0))
        #expect(result.text == "one\ntwo\n")
        _ = server
    }

    @Test func `ncat answers`() throws {
        let directory = try TemporaryDirectory()
        let port = try python(
            "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
        ).text.trimmingCharacters(in: .whitespacesAndNewlines)
        let server = try ServerProgram(
            "ncat", ["-v", "-u", "-l", "127.0.0.1", port, "--exec", "/bin/cat"], in: directory
        ) { $0.contains("Listening on 127.0.0.1:\(port)") }
        let result = try Usherctl.run(["connect", "--count", "1", "udp://127.0.0.1:\(port)"], input: "hello\n")
        #expect(result.end == .exited(0), "\(result.errors)")
        #expect(result.text == "hello\n")
        _ = server
    }

    @Test func `--listen serves ncat and keeps its line feeds`() throws {
        let server = try Usherctl(["connect", "--listen", "--count", "1", "udp://127.0.0.1:0"])
        let client = try run("ncat", ["-u", "--send-only", "127.0.0.1", server.port()], input: Array("hello\n".utf8))
        #expect(client.succeeded, "\(client.errors)")
        #expect(try server.waitForEnd() == .exited(0))
        #expect(server.output == "hello\n")
    }

    @Test func `--listen serves and answers socat`() throws {
        let server = try Usherctl(["connect", "--listen", "udp://127.0.0.1:0"], input: "pong\n")
        let client = try run("socat", ["-t", "2", "-", "UDP4:127.0.0.1:\(server.port())"], input: Array("ping".utf8))
        #expect(client.text == "pong")
        #expect(try server.waitForEnd() == .exited(0))
        #expect(server.output == "ping\n")
    }

    @Test func `--listen answers the last sender`() throws {
        let server = try Usherctl(["connect", "--listen", "udp://127.0.0.1:0"])
        let script = """
            import socket, sys
            first, second = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
            for client, name in (first, b"first"), (second, b"second"):
                client.settimeout(60)
                client.sendto(name, ("127.0.0.1", int(sys.argv[1])))
                sys.stdout.flush(); print(name.decode(), client.recv(100).decode(), flush=True)
            """
        let directory = try TemporaryDirectory()
        let clients = try ServerProgram.python("print('up', flush=True)\n\(script)", [server.port()], in: directory)
        try server.waitForOutput("first\n")
        try server.type("one\n")
        try server.waitForOutput("second\n")
        try server.type("two\n")
        #expect(try clients.waitForEnd() == .exited(0), "\(clients.said)")
        #expect(clients.said == "up\nfirst one\nsecond two\n")
    }

    @Test(arguments: ["udp://127.0.0.1:0", "udp://[::1]:0", "udp://*:0", "unix-dgram://@usher-receive"])
    func `receive prints one message of send, also an empty one`(place: String) throws {
        for (words, output) in [(["two", "words"], "two words\n"), ([""], "\n")] {
            let server = try Usherctl(["receive", place])
            let address = try server.address().replacing("[::]", with: "127.0.0.1")
            let result = try Usherctl.run(["send", address] + words)
            #expect(result.end == .exited(0), "\(result.errors)")
            #expect(result.output.isEmpty)
            #expect(try server.waitForEnd() == .exited(0))
            #expect(server.output == output)
        }
    }

    @Test func `receive gets multicast datagrams on loopback`() throws {
        let server = try Usherctl(["receive", "udp://239.255.7.7:0?interface=lo"])
        let result = try Usherctl.run(["send", "\(server.address())?interface=lo", "all"])
        #expect(result.end == .exited(0), "\(result.errors)")
        #expect(try server.waitForEnd() == .exited(0))
        #expect(server.output == "all\n")
    }

    @Test func `--hex sends bytes`() throws {
        let server = try Usherctl(["receive", "--hex", "--count", "2", "udp://127.0.0.1:0"])
        let address = try server.address()
        #expect(try Usherctl.run(["send", "--hex", address, "00", "ff0a"]).end == .exited(0))
        #expect(try Usherctl.run(["send", "--hex", address, ""]).end == .exited(0))
        #expect(try server.waitForEnd() == .exited(0))
        #expect(server.output == "00 ff 0a\n\n")
    }

    @Test func `a signal removes the path and ends the process by that signal`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("socket")
        let server = try Usherctl(["receive", "unix-dgram://\(path)"])
        _ = try server.address()
        #expect(FileManager.default.fileExists(atPath: path))
        server.send(signal: SIGTERM)
        #expect(try server.waitForEnd() == .killed(SIGTERM))
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}
