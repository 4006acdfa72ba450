// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The files of Unix sockets: whose they are, and which of them are touched.
@Suite struct UnixPathTests {
    private let echo = """
        [listener.echo]
        listen = "unix://$DIR/echo"
        service = "echo"
        """

    private func attributes(_ path: String) throws -> [FileAttributeKey: Any] {
        try FileManager.default.attributesOfItem(atPath: path)
    }

    /// Leaves the file of a socket behind that nobody listens to any more.
    private func leaveStaleSocket(_ path: String, kind: String = "SOCK_STREAM") throws {
        let script = """
            import socket, sys
            dead = socket.socket(socket.AF_UNIX, socket.\(kind))
            dead.bind(sys.argv[1])
            dead.listen()
            """
        try #require(python(script, [path]).succeeded)
        try #require(FileManager.default.fileExists(atPath: path))
    }

    private func expectEcho(_ address: ServerAddress) throws {
        let client = try Client(address)
        try client.send("x")
        #expect(try client.receive(exactly: 1) == Array("x".utf8))
        client.close()
    }

    @Test(arguments: [0o600, 0o660, 0o666])
    func `mode= sets the permissions of the path`(mode: Int) throws {
        let listen = "unix://$DIR/echo?mode=0\(String(mode, radix: 8))"
        try withUsherd("[listener.echo]\nlisten = \"\(listen)\"\nservice = \"echo\"") { daemon in
            #expect(try attributes(daemon.directory.appending("echo"))[.posixPermissions] as? Int == mode)
            try expectEcho(daemon.address("echo"))
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root may give a file away"))
    func `user= and group= set the owner of the path`() throws {
        let listen = "unix://$DIR/echo?user=nobody&group=daemon"
        try withUsherd("[listener.echo]\nlisten = \"\(listen)\"\nservice = \"echo\"") { daemon in
            let found = try attributes(daemon.directory.appending("echo"))
            #expect(found[.ownerAccountName] as? String == "nobody")
            #expect(found[.groupOwnerAccountName] as? String == "daemon")
        }
    }

    @Test func `a reload changes the mode in place`() throws {
        func configuration(_ mode: String) -> String {
            "[listener.echo]\nlisten = \"unix://$DIR/echo?mode=\(mode)\"\nservice = \"echo\"\n"
        }
        try withUsherd(configuration("0600")) { daemon in
            let path = daemon.directory.appending("echo")
            let before = try attributes(path)[.systemFileNumber] as? Int
            try daemon.reload(configuration("0666"))
            #expect(try attributes(path)[.posixPermissions] as? Int == 0o666)
            #expect(try attributes(path)[.systemFileNumber] as? Int == before)
            try expectEcho(daemon.address("echo"))
        }
    }

    @Test(arguments: [("unix", "SOCK_STREAM"), ("unix-seqpacket", "SOCK_SEQPACKET"), ("unix", "SOCK_SEQPACKET")])
    func `a stale socket file is replaced`(scheme: String, kind: String) throws {
        let directory = try TemporaryDirectory()
        try leaveStaleSocket(directory.appending("echo"), kind: kind)
        let configuration = echo.replacing("unix:", with: "\(scheme):")
        try withUsherd(configuration, .init(directory: directory)) { daemon in
            try expectEcho(daemon.address("echo"))
        }
    }

    @Test(arguments: [("unix", "unix"), ("unix-seqpacket", "unix-seqpacket"), ("unix", "unix-seqpacket")])
    func `a path on which another process listens is kept`(theirs: String, ours: String) throws {
        let directory = try TemporaryDirectory()
        try withUsherd(echo.replacing("unix:", with: "\(theirs):"), .init(directory: directory)) { first in
            let second = try Usherd(
                starting: echo.replacing("unix:", with: "\(ours):").replacing("$DIR", with: directory.path))
            #expect(try second.waitForEnd() == .exited(69))
            let failed = try second.record("failed")
            #expect(failed["message"]?.contains("another process listens on this path") == true)
            try expectEcho(first.address("echo"))
        }
    }

    @Test func `a file that is not a socket is kept`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("precious", to: "echo")
        let daemon = try Usherd(starting: echo, .init(directory: directory))
        #expect(try daemon.waitForEnd() == .exited(69))
        #expect(try daemon.record("failed")["message"]?.contains("a file at this path that is not a socket") == true)
        #expect(directory.read("echo") == "precious")
    }

    @Test func `a symbolic link is not followed`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("precious", to: "target")
        try FileManager.default.createSymbolicLink(
            atPath: directory.appending("echo"), withDestinationPath: directory.appending("target"))
        let daemon = try Usherd(starting: echo, .init(directory: directory))
        #expect(try daemon.waitForEnd() == .exited(69))
        #expect(directory.read("target") == "precious")
        #expect(try attributes(directory.appending("echo"))[.type] as? FileAttributeType == .typeSymbolicLink)
    }

    @Test func `a stop removes only its own path`() throws {
        let directory = try TemporaryDirectory()
        try withUsherd(echo, .init(directory: directory)) { daemon in
            try FileManager.default.removeItem(atPath: directory.appending("echo"))
            try directory.write("somebody else's", to: "echo")
            try daemon.stop()
        }
        #expect(directory.read("echo") == "somebody else's")
    }

    @Test func `a missing directory is named`() throws {
        let daemon = try Usherd(starting: echo.replacing("$DIR/echo", with: "$DIR/missing/echo"))
        #expect(try daemon.waitForEnd() == .exited(69))
        let failed = try daemon.record("failed")
        #expect(failed["errno"] == "ENOENT")
        #expect(failed["message"]?.contains("create the directory first") == true)
    }

    @Test func `hostile names of client sockets are escaped`() throws {
        try withUsherd(echo) { daemon in
            // The name of a client's own socket is its to choose: here with a line end, a terminal command and quotes.
            let script = """
                import socket, sys
                client = socket.socket(socket.AF_UNIX)
                client.settimeout(60)
                client.bind(b"\\0" + sys.argv[2].encode() + b'\\n{"event":"fake"}\\x1b[2J\\xff')
                client.connect(sys.argv[1])
                client.sendall(b"x")
                assert client.recv(1) == b"x"
                """
            let name = daemon.directory.path
            let result = try python(script, [name + "/echo", name])
            #expect(result.succeeded, "\(result.errors)")
            let close = try daemon.record("close")
            #expect(close["peer"] == "unix://@\(name)\n{\"event\":\"fake\"}\u{1b}[2J\\xff")
            #expect(close.line.utf8.allSatisfy { (0x20..<0x7f).contains($0) })
            #expect(daemon.records("fake").isEmpty)
        }
    }
}
