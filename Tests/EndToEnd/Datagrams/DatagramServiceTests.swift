// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Datagram listeners with clients that others wrote.
@Suite struct DatagramServiceTests {
    private static let services = """
        [listener.echo]
        listen = ["udp://127.0.0.1:0", "udp://[::1]:0", "unix-dgram://$DIR/echo"]
        service = "echo"
        [listener.discard]
        listen = ["udp://127.0.0.1:0", "udp://[::1]:0", "unix-dgram://$DIR/discard"]
        service = "discard"
        [listener.daytime]
        listen = ["udp://127.0.0.1:0", "udp://[::1]:0", "unix-dgram://$DIR/daytime"]
        service = "daytime"
        [listener.time]
        listen = ["udp://127.0.0.1:0", "udp://[::1]:0", "unix-dgram://$DIR/time"]
        service = "time"
        [listener.chargen]
        listen = ["udp://127.0.0.1:0", "udp://[::1]:0", "unix-dgram://$DIR/chargen"]
        service = "chargen"
        """

    /// Each service, as Python's `socket` sees it.
    private static let client = """
        import datetime, os, re, socket, sys, time
        def open_socket(address):
            if address.startswith("unix-dgram://"):
                s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                s.bind("")
                s.connect(address.removeprefix("unix-dgram://"))
            else:
                host, port = re.fullmatch(r"udp://\\[?([^]]*?)\\]?:(\\d+)", address).groups()
                s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
                s.connect((host, int(port)))
            s.settimeout(30)
            return s
        lines = [bytes(32 + (start + column) % 95 for column in range(72)) + b"\\r\\n" for start in range(95)]
        pattern = b"".join(lines) * 2
        quiet = []
        for argument in sys.argv[1:]:
            service, address = argument.split("=")
            s = open_socket(address)
            if service == "echo":
                for data in [b"", b"x", os.urandom(1472), os.urandom(60000)]:
                    s.send(data)
                    assert s.recv(65536) == data, address
            elif service == "discard":
                s.send(b"x")
                quiet.append(s)
            elif service == "daytime":
                s.send(b"")
                text = s.recv(2048).decode()
                assert re.fullmatch(r"\\w+, \\w+ \\d+, \\d{4} \\d\\d:\\d\\d:\\d\\d-UTC\\r\\n", text), text
            elif service == "time":
                s.send(b"")
                data = s.recv(2048)
                assert len(data) == 4, data
                assert abs(int.from_bytes(data, "big") - 2208988800 - time.time()) < 5, data
            elif service == "chargen":
                for round in range(20):
                    s.send(b"")
                    data = s.recv(2048)
                    assert len(data) <= 512 and pattern[74 * round:].startswith(data), data
        # All the others have answered since.
        for s in quiet:
            s.setblocking(False)
            try: raise SystemExit(f"discard said {s.recv(10)}")
            except BlockingIOError: pass
        print("done")
        """

    @Test func `each service follows its RFC with Python's sockets`() throws {
        try withUsherd(Self.services) { daemon in
            let arguments = try ["echo", "discard", "daytime", "time", "chargen"].flatMap { service in
                try (0..<3).map { "\(service)=\(try daemon.address(service, $0))" }
            }
            #expect(arguments.count == 15)
            let result = try python(Self.client, arguments)
            #expect(result.text == "done\n", "\(result.errors)")
            try daemon.stop()
            let closed = daemon.records("close")
            #expect(closed.count == 15)
            for record in closed {
                #expect(record["reason"] == "stopped")
                #expect(record["by"] == "daemon")
                #expect(record[number: "datagrams_dropped"] == 0)
                let expected = [
                    "echo": (4, 4), "discard": (1, 0), "daytime": (1, 1), "time": (1, 1), "chargen": (20, 20),
                ]
                let service = record["service"] ?? ""
                #expect(record[number: "datagrams_in"] == expected[service]?.0)
                #expect(record[number: "datagrams_out"] == expected[service]?.1)
            }
        }
    }

    @Test func `socat and ncat get answers`() throws {
        try withUsherd(Self.services) { daemon in
            let echo = try (0..<3).map { try daemon.address("echo", $0) }
            let line = Array("what comes back\n".utf8)
            let ways: [[String]] = [
                ["socat", "-t", "2", "-", echo[0].socat],
                ["socat", "-t", "2", "-", echo[1].socat],
                ["socat", "-t", "2", "-", "\(echo[2].socat),bind=\(daemon.directory.appending("client"))"],
            ]
            for way in ways {
                let result = try TestSupport.run(way[0], Array(way[1...]), input: line)
                #expect(result.output == line, "\(way): \(result.errors)")
            }
            // ncat goes when its input ends, answered or not.
            let converse = """
                import subprocess, sys
                ncat = subprocess.Popen(["ncat", "-u"] + sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                ncat.stdin.write(b"what comes back\\n")
                ncat.stdin.flush()
                sys.stdout.buffer.write(ncat.stdout.readline())
                ncat.kill()
                """
            for arguments in [["127.0.0.1", "\(echo[0].port)"], ["-6", "::1", "\(echo[1].port)"]] {
                let result = try python(converse, arguments)
                #expect(result.output == line, "\(arguments): \(result.errors)")
            }
            #expect(try daemon.records("open", count: 5).count == 5)
        }
    }

    @Test func `a silent flow ends with a close record`() throws {
        let configuration =
            "[listener.x]\nlisten = \"udp://127.0.0.1:0\"\nservice = \"echo\"\nidle-timeout = \"300ms\"\n"
        try withUsherd(configuration) { daemon in
            let result = try python(Self.client, ["echo=\(try daemon.address("x"))"])
            #expect(result.succeeded, "\(result.errors)")
            let close = try daemon.record("close")
            #expect(close["reason"] == "idle-timeout")
            #expect(close["by"] == "daemon")
            #expect((close[number: "duration_us"] ?? 0) >= 300_000)
            #expect(close["message"]?.contains(": flow ") == true)
        }
    }

    /// Talks over one socket: a line of standard input is what to send, and what comes back is written.
    private static let talker = """
        import re, socket, sys
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(30)
        s.connect(("127.0.0.1", int(sys.argv[1])))
        for line in sys.stdin:
            try:
                s.send(line.strip().encode())
                print(s.recv(100).decode(), flush=True)
            except (TimeoutError, ConnectionRefusedError) as error: print(type(error).__name__, flush=True)
        """

    /// A client that lives as long as this object, and says one word at a time.
    private final class Talker {
        private let process: Process
        private let input = Pipe()
        private let output = Pipe()

        init(port: String) throws {
            process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
            process.arguments = ["-c", DatagramServiceTests.talker, port]
            process.standardInput = input
            process.standardOutput = output
            try process.run()
        }

        deinit {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }

        func say(_ word: String) throws -> String {
            try input.fileHandleForWriting.write(contentsOf: Data("\(word)\n".utf8))
            var line: [UInt8] = []
            while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
                line.append(byte)
            }
            return String(decoding: line, as: UTF8.self)
        }
    }

    @Test func `a flow survives a reload, and ends when its listener is removed`() throws {
        let reserved = try (ReservedPort(), ReservedPort())
        let (first, second) = (reserved.0.address.port, reserved.1.address.port)
        let other = "[listener.other]\nlisten = \"udp://127.0.0.1:\(second)\"\nservice = \"echo\"\n"
        func echo(_ addresses: String, _ rest: String = "") -> String {
            "[listener.echo]\nlisten = [\(addresses)]\nservice = \"echo\"\n\(rest)\n"
        }
        let own = "\"udp://127.0.0.1:\(first)\""
        try withUsherd(echo(own) + other) { daemon in
            let talker = try Talker(port: "\(first)")
            let stranger = try Talker(port: "\(second)")
            #expect(try talker.say("one") == "one")
            #expect(try stranger.say("a") == "a")
            // Nothing that concerns it; other limits; another address before it; another service beside it.
            for configuration in [
                echo(own) + other, echo(own, "max-connections = 5\nidle-timeout = \"1m\"") + other,
                echo("\"unix-dgram://$DIR/x\", \(own)") + other, echo("\(own), \"tcp://127.0.0.1:0\""),
            ] {
                try daemon.reload(configuration)
                #expect(try talker.say("again") == "again")
            }
            let gone = try daemon.record("close")
            #expect(gone["listener"] == "other")
            #expect(gone["reason"] == "drained")
            #expect(gone["by"] == "operator")
            #expect(try stranger.say("b") == "ConnectionRefusedError")
            #expect(daemon.records("open").count == 2)
            try daemon.stop()
            let close = try daemon.record("close") { $0["listener"] == "echo" }
            #expect(close["reason"] == "stopped")
            #expect(close[number: "datagrams_in"] == 5)
        }
    }

    @Test func `a new service gets the socket, and new flows begin`() throws {
        let reserved = try ReservedPort()
        let port = reserved.address.port
        func configuration(_ service: String) -> String {
            "[listener.x]\nlisten = \"udp://127.0.0.1:\(port)\"\nservice = \"\(service)\"\n"
        }
        try withUsherd(configuration("echo")) { daemon in
            let talker = try Talker(port: "\(port)")
            #expect(try talker.say("one") == "one")
            try daemon.reload(configuration("daytime"))
            // The flow keeps what it began with, and who comes now gets the new service.
            #expect(try talker.say("two") == "two")
            let late = try Talker(port: "\(port)")
            #expect(try late.say("three").contains("UTC"))
        }
    }

    @Test func `a start after kill -9 succeeds`() throws {
        let reserved = try ReservedPort()
        let directory = try TemporaryDirectory()
        let configuration = """
            [listener.x]
            listen = ["udp://127.0.0.1:\(reserved.address.port)", "unix-dgram://\(directory.appending("x"))"]
            service = "echo"
            """
        let killed = try Usherd(configuration)
        let talker = try Talker(port: "\(reserved.address.port)")
        #expect(try talker.say("one") == "one")
        _ = try killed.stop(SIGKILL)
        try withUsherd(configuration) { daemon in
            #expect(try talker.say("two") == "two")
            let result = try python(Self.client, ["echo=unix-dgram://\(directory.appending("x"))"])
            #expect(result.succeeded, "\(result.errors)")
            try daemon.records("open", count: 2)
        }
        #expect(!FileManager.default.fileExists(atPath: directory.appending("x")), "the path goes with the listener")
    }

    @Test func `a path on which another process receives is refused`() throws {
        let directory = try TemporaryDirectory()
        let other = try DatagramSocket(directory.appending("x"))
        let configuration = "[listener.x]\nlisten = \"unix-dgram://\(other.path)\"\nservice = \"echo\"\n"
        let daemon = try Usherd(starting: configuration)
        #expect(try daemon.waitForEnd() == .exited(69))
        #expect(daemon.said.contains("another process listens on this path"))
    }
}
