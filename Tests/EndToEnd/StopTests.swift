// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// How the daemon ends: after its connections, and with a record of each.
@Suite struct StopTests {
    private func echo(drain: String) -> String {
        """
        [daemon]
        drain-timeout = "\(drain)"

        [listener.echo]
        listen = ["tcp://127.0.0.1:0", "unix://$DIR/echo", "unix-seqpacket://$DIR/packets"]
        service = "echo"
        """
    }

    private func expectEcho(_ client: Client) throws {
        try client.send("x")
        #expect(try client.receive(exactly: 1) == Array("x".utf8))
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `SIGTERM lets open connections end by themselves`(signal: CInt) throws {
        try withUsherd(echo(drain: "1h")) { daemon in
            let address = try daemon.address("echo")
            let client = try Client(address)
            try expectEcho(client)
            daemon.send(signal: signal)
            let draining = try daemon.record("draining")
            #expect(draining["message"] == "draining: waiting up to 1h for 1 connection")
            try waitUntil("nobody is let in") { (try? Client(address)) == nil }
            try expectEcho(client)
            #expect(daemon.ended == nil)
            client.close()
            #expect(try daemon.waitForEnd() == .exited(0))
            #expect(try daemon.close(of: client.name)["reason"] == "client-closed")
            let stopped = try #require(daemon.records.last)
            #expect(stopped.event == "stopped")
            #expect(stopped["message"]?.hasPrefix("usherd ") == true)
            #expect(stopped["message"]?.hasSuffix(" stopped") == true)
        }
    }

    /// Starts usherd at a pseudo-terminal, connects so many clients, presses Ctrl-C, and prints what appeared.
    private static let keyboard = """
        import os, pty, re, select, socket, sys, time
        program, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
        child, terminal = pty.fork()
        if child == 0: os.execv(program, [program, "--config", path])
        said = b""
        def read(until, seconds=30):
            global said
            end = time.monotonic() + seconds
            while not re.search(until, said) and time.monotonic() < end:
                if select.select([terminal], [], [], 0.1)[0]:
                    try: said += os.read(terminal, 65536)
                    except OSError: break
            return re.search(until, said)
        assert read(rb"started"), said
        port = int(re.search(rb"listens on tcp://127.0.0.1:(\\d+)", said)[1])
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        for client in clients:
            client.sendall(b"x"); client.recv(1)
        os.write(terminal, b"\\x03")
        if count:
            read(rb"stops now"); os.write(terminal, b"\\x03")
        read(rb"usherd [0-9.]+ stopped")
        _, status = os.waitpid(child, 0)
        sys.stdout.buffer.write(said)
        sys.exit(os.waitstatus_to_exitcode(status))
        """

    @Test(arguments: [0, 1, 2])
    func `Ctrl-C prints what it waits for, or nothing without connections`(count: Int) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            "[daemon]\ndrain-timeout = \"1h\"\n[listener.echo]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n",
            to: "usherd.toml")
        let result = try python(Self.keyboard, [BuiltProgram.usherd(), path, "\(count)"])
        #expect(result.end == .exited(0), "\(result.text) \(result.errors)")
        let counted = count == 1 ? "1 connection" : "\(count) connections"
        let notice = "usherd: waiting up to 1h for \(counted); Ctrl-C again stops now"
        #expect(result.text.contains(notice) == (count > 0), "\(result.text)")
        #expect(result.text.contains("Ctrl-C") == (count > 0), "\(result.text)")
    }

    @Test func `SIGTERM without connections exits immediately`() throws {
        try withUsherd(echo(drain: "1h")) { daemon in
            let client = try Client(daemon.address("echo"))
            try expectEcho(client)
            client.close()
            try daemon.records("close", count: 1)
            try daemon.stop()
        }
    }

    @Test func `the remaining connections are closed after drain-timeout`() throws {
        try withUsherd(echo(drain: "200ms")) { daemon in
            let clients = try (0..<20).map { try Client(daemon.address("echo", $0 % 3)) }
            for client in clients { try expectEcho(client) }
            try daemon.stop()
            let ends = daemon.records("close")
            #expect(ends.count == 20)
            #expect(
                ends.allSatisfy { $0["reason"] == "stopped" && $0["by"] == "operator" && $0[number: "bytes_in"] == 1 })
            #expect(daemon.records.last?["message"]?.hasSuffix("stopped; 20 connections closed") == true)
            for client in clients { #expect(try client.receiveAll().isEmpty) }
        }
    }

    @Test func `a second signal stops immediately`() throws {
        try withUsherd(echo(drain: "1h")) { daemon in
            let client = try Client(daemon.address("echo"))
            try expectEcho(client)
            daemon.send(signal: SIGTERM)
            _ = try daemon.record("draining")
            #expect(try daemon.stop(SIGINT) == .exited(0))
            let close = try #require(daemon.records("close").first)
            #expect(close["reason"] == "stopped")
            #expect(close["by"] == "operator")
        }
    }

    @Test func `connections made before the signal are served`() throws {
        try withUsherd(echo(drain: "1h")) { daemon in
            let address = try daemon.address("echo")
            daemon.send(signal: SIGSTOP)
            let clients = try (0..<50).map { _ in try Client(address) }
            daemon.send(signal: SIGTERM)
            daemon.send(signal: SIGCONT)
            for client in clients { try expectEcho(client) }
            for client in clients { client.close() }
            #expect(try daemon.waitForEnd() == .exited(0))
            #expect(daemon.records("close").count == clients.count)
        }
    }

    @Test func `a stop under load writes a record for each connection`() throws {
        try withUsherd(echo(drain: "0s")) { daemon in
            let addresses = try (0..<3).map { try daemon.address("echo", $0) }
            let clients = try (0..<500).map { try Client(addresses[$0 % 3]) }
            try daemon.stop()
            #expect(daemon.records("close").count == clients.count)
        }
    }

    @Test func `SIGHUP while stopping is ignored`() throws {
        try withUsherd(echo(drain: "1h")) { daemon in
            let client = try Client(daemon.address("echo"))
            try expectEcho(client)
            daemon.send(signal: SIGTERM)
            _ = try daemon.record("draining")
            daemon.send(signal: SIGHUP)
            daemon.send(signal: SIGUSR2)
            _ = try daemon.record("live")
            client.close()
            #expect(try daemon.waitForEnd() == .exited(0))
            #expect(daemon.records("reload").isEmpty)
        }
    }

    @Test func `STOPPING=1 and EXTEND_TIMEOUT_USEC are sent`() throws {
        try withUsherd(echo(drain: "1h")) { daemon in
            let client = try Client(daemon.address("echo"))
            try expectEcho(client)
            daemon.send(signal: SIGTERM)
            try waitUntil("it asks for time") {
                daemon.manager.messages.contains { $0.hasPrefix("EXTEND_TIMEOUT_USEC=") }
            }
            let stopping = try #require(daemon.manager.messages.first { $0.hasPrefix("STOPPING=1\n") })
            #expect(stopping.hasPrefix("STOPPING=1\nSTATUS=draining: waiting up to "))
            client.close()
            #expect(try daemon.waitForEnd() == .exited(0))
        }
    }

    @Test func `a stop removes the socket paths`() throws {
        try withUsherd(echo(drain: "1h")) { daemon in
            for name in ["echo", "packets"] {
                #expect(FileManager.default.fileExists(atPath: daemon.directory.appending(name)))
            }
            try daemon.stop()
            for name in ["echo", "packets"] {
                #expect(!FileManager.default.fileExists(atPath: daemon.directory.appending(name)))
            }
        }
    }
}
