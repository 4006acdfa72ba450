// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Sockets that systemd made and passes: sd_listen_fds(3).
@Suite struct SocketActivationTests {
    /// Starts usherd as systemd would: a wrapper makes the sockets, puts them at descriptors 3 and up, says so in the
    /// environment, and becomes the daemon.
    private static let activation = """
        import os, socket, sys
        names, directory = sys.argv[1], sys.argv[2]
        sockets = []
        for spec in sys.argv[3].split():
            kind, _, rest = spec.partition(":")
            if kind == "tcp":
                one = socket.socket(socket.AF_INET)
                one.bind(("127.0.0.1", 0))
            else:
                one = socket.socket(socket.AF_UNIX, getattr(socket, {"unix": "SOCK_STREAM", "packet": "SOCK_SEQPACKET", "dgram": "SOCK_DGRAM"}[kind]))
                one.bind(directory + "/" + rest)
            if rest != "deaf" and kind != "dgram": one.listen(128)
            sockets.append(os.dup(one.fileno()))
        high = [os.dup2(fd, 100 + i) for i, fd in enumerate(sockets)]
        for i, fd in enumerate(high): os.dup2(fd, 3 + i, inheritable=True)
        os.closerange(3 + len(high), 200)
        environment = dict(os.environ, LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=names, LISTEN_PID=str(os.getpid()))
        os.execve(sys.argv[4], sys.argv[4:], environment)
        """

    private func options(_ names: String, _ sockets: String, _ directory: TemporaryDirectory) -> Usherd.Options {
        let python = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3") ? "/usr/bin/python3" : "python3"
        return .init(wrapper: [python, "-c", Self.activation, names, directory.path, sockets], directory: directory)
    }

    private func expectEcho(_ address: ServerAddress) throws {
        let client = try Client(address)
        try client.send("x")
        #expect(try client.receive(exactly: 1) == Array("x".utf8))
        client.close()
    }

    private let echo = "[listener.echo]\nlisten = \"systemd://web\"\nservice = \"echo\"\n"

    @Test func `passed sockets are found by name`() throws {
        let directory = try TemporaryDirectory()
        let configuration = echo + "[listener.talk]\nlisten = \"systemd://talk\"\nservice = \"chat\"\n"
        try withUsherd(configuration, options("talk:web", "unix:talk tcp:", directory)) { daemon in
            let address = try daemon.address("echo")
            #expect(address.description.hasPrefix("tcp://127.0.0.1:"))
            try expectEcho(address)
            #expect(try daemon.address("talk").description == "unix://\(directory.path)/talk")
            let member = try Client(daemon.address("talk"))
            #expect(try member.receiveLine()?.contains("Nobody else is here") == true)
            member.close()
        }
    }

    @Test func `all passed sockets of a name are used`() throws {
        let directory = try TemporaryDirectory()
        try withUsherd(echo, options("web:web:web", "tcp: packet:packets tcp:", directory)) { daemon in
            let addresses = try (0..<3).map { try daemon.address("echo", $0) }
            #expect(Set(addresses).count == 3)
            for address in addresses { try expectEcho(address) }
        }
    }

    @Test func `the path of a passed socket is never removed`() throws {
        let directory = try TemporaryDirectory()
        try withUsherd(echo, options("web", "unix:web", directory)) { daemon in
            try expectEcho(daemon.address("echo"))
            try daemon.stop()
        }
        #expect(FileManager.default.fileExists(atPath: directory.appending("web")))
    }

    @Test func `an unknown name is refused with the existing names`() throws {
        let directory = try TemporaryDirectory()
        let daemon = try Usherd(starting: echo, options("wob:other", "tcp: tcp:", directory))
        #expect(try daemon.waitForEnd() == .exited(69))
        let failed = try daemon.record("failed")
        #expect(failed["listener"] == "echo")
        #expect(failed["message"]?.contains("systemd passed no socket of this name (it passed other, wob)") == true)
        #expect(failed["message"]?.contains("FileDescriptorName=") == true)
    }

    @Test(arguments: [
        ("unix:echo", "unix://$DIR/echo"), ("dgram:echo", "unix-dgram://$DIR/echo"),
        ("packet:echo", "unix-seqpacket://$DIR/echo"),
    ])
    func `an address that systemd passed must be configured by name`(socket: String, address: String) throws {
        let directory = try TemporaryDirectory()
        let byAddress = "[listener.echo]\nlisten = \"\(address)\"\nservice = \"echo\"\n"
        let daemon = try Usherd(starting: byAddress, options("web", socket, directory))
        #expect(try daemon.waitForEnd() == .exited(69))
        let failed = try daemon.record("failed")
        #expect(
            failed["message"]?.hasSuffix("systemd passed this address as `web`: write systemd://web") == true,
            "\(failed.line)")
        #expect(failed["errno"] == "EADDRINUSE")
    }

    @Test func `a port that systemd passed must be configured by name, also at a reload`() throws {
        let directory = try TemporaryDirectory()
        try withUsherd(echo, options("web", "tcp:", directory)) { daemon in
            let address = try daemon.address("echo")
            for wanted in [address.description, "tcp://*:\(address.description.split(separator: ":").last ?? "")"] {
                try daemon.write("[listener.echo]\nlisten = \"\(wanted)\"\nservice = \"echo\"\n")
                let before = daemon.records("reload-failed").count
                daemon.send(signal: SIGHUP)
                let failed = try daemon.records("reload-failed", count: before + 1)[before]
                #expect(
                    failed["message"]?.hasSuffix("systemd passed this address as `web`: write systemd://web") == true,
                    "\(failed.line)")
                try expectEcho(address)
            }
        }
    }

    @Test func `a passed socket that does not listen is refused`() throws {
        let directory = try TemporaryDirectory()
        let daemon = try Usherd(starting: echo, options("web", "unix:deaf", directory))
        #expect(try daemon.waitForEnd() == .exited(69))
        let failed = try daemon.record("failed")
        #expect(failed["errno"] == "ENOTCONN")
    }

    @Test func `a passed datagram socket is accepted`() throws {
        let directory = try TemporaryDirectory()
        try withUsherd(echo, options("web", "dgram:web", directory)) { daemon in
            let answer = try python(
                """
                import socket, sys
                s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                s.bind("")
                s.settimeout(30)
                s.sendto(b"x", sys.argv[1])
                print(s.recv(10).decode())
                """, [directory.appending("web")])
            #expect(answer.text == "x\n", "\(answer.errors)")
            #expect(try daemon.record("open")["local"] == "unix-dgram://\(directory.appending("web"))")
        }
        #expect(FileManager.default.fileExists(atPath: directory.appending("web")), "it is the manager's")
    }

    @Test func `an unused passed socket is warned of, and used after a reload`() throws {
        let directory = try TemporaryDirectory()
        try withUsherd(echo, options("web:spare", "tcp: tcp:", directory)) { daemon in
            let warning = try daemon.record("warning") { $0["message"]?.contains("spare") == true }
            #expect(warning["message"]?.contains("listen on systemd://spare") == true)
            let spare = echo + "[listener.spare]\nlisten = \"systemd://spare\"\nservice = \"echo\"\n"
            try daemon.reload(spare)
            let address = try daemon.address("spare")
            try expectEcho(address)
            // It is the manager's: it outlives the listener, and can be had again.
            try daemon.reload(echo)
            try daemon.reload(spare)
            try expectEcho(daemon.address("spare", 1))
            #expect(try daemon.address("spare", 1) == address)
        }
    }

    @Test func `descriptors with another LISTEN_PID are ignored`() throws {
        let options = Usherd.Options(environment: ["LISTEN_FDS": "1", "LISTEN_PID": "1", "LISTEN_FDNAMES": "web"])
        let daemon = try Usherd(starting: echo, options)
        #expect(try daemon.waitForEnd() == .exited(69))
        #expect(try daemon.record("failed")["message"]?.contains("it passed none") == true)
    }
}
