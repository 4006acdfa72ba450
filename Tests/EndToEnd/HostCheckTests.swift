// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `usherd --check` and `usherctl check` on this host: what would keep a valid configuration from working is a note.
@Suite struct HostCheckTests {
    private static let remark = "was not checked"

    /// Who runs the tests, so that the service's account is not judged where it exists.
    private static let me = NSUserName()

    private func check(_ path: String, _ options: String...) throws -> CommandResult {
        try run(BuiltProgram.usherd(), ["--check", "--config", path] + options)
    }

    private func configuration(_ directory: TemporaryDirectory, log: String, listen: String) throws -> String {
        try directory.write(
            "[log]\nto = \"file:\(log)\"\n\n[listener.echo]\nlisten = \"\(listen)\"\nservice = \"echo\"\n",
            to: "usherd.toml")
    }

    @Test func `a missing log directory is a note, fails --strict, and is ignored by --no-host`() throws {
        let directory = try TemporaryDirectory()
        let path = try configuration(
            directory, log: "\(directory.path)/missing/usherd.log", listen: "tcp://127.0.0.1:0")
        let result = try check(path, "--user", Self.me)
        #expect(result.end == .exited(0))
        #expect(result.text.hasPrefix("echo"))
        #expect(result.errors.hasPrefix("usherd: 1 note\n\n\(path):2:1: note: the log file"), "\(result.errors)")
        #expect(result.errors.contains("\(directory.path)/missing does not exist"))
        #expect(result.errors.contains(Self.remark))
        #expect(try check(path, "--strict", "--user=\(Self.me)").end == .exited(69))
        let alone = try check(path, "--strict", "--no-host")
        #expect(alone.end == .exited(0))
        #expect(alone.errors.isEmpty)
        let control = try run(BuiltProgram.path(of: "usherctl"), ["check", "--user", Self.me, "--strict", path])
        #expect(control.end == .exited(69))
        #expect(control.errors == result.errors.replacing("usherd: ", with: "usherctl: "))
        try directory.makeDirectory("missing")
        let mended = try check(path, "--strict", "--user", Self.me)
        #expect(mended.end == .exited(0))
        #expect(!mended.errors.contains("note"), "\(mended.errors)")
        #expect(!FileManager.default.fileExists(atPath: directory.appending("missing/usherd.log")), "nothing is made")
    }

    @Test func `a port that another process has is a note that names it`() throws {
        let other = try Server()
        let port = try #require(other.address.description.split(separator: ":").last)
        let directory = try TemporaryDirectory()
        let path = try configuration(directory, log: "\(directory.path)/log", listen: "\(other.address)")
        let result = try check(path, "--user", Self.me)
        #expect(
            result.errors.contains("\(other.address) of the listener echo: Address already in use by "),
            "\(result.errors)")
        #expect(result.errors.contains("(process \(getpid()))"), "\(result.errors)")
        let wildcard = try configuration(directory, log: "\(directory.path)/log", listen: "tcp://*:\(port)")
        #expect(try check(wildcard, "--strict", "--user", Self.me).end == .exited(69))
    }

    @Test func `addresses of the running daemon are no finding`() throws {
        let name = "usher-check-\(getpid())"
        let service = "service = \"echo\"\n"
        let daemon = try Usherd(
            "[listener.echo]\nlisten = [\"tcp://127.0.0.1:0\", \"udp://127.0.0.1:0\", \"unix://$DIR/echo\","
                + " \"unix://@\(name)\"]\n\(service)")
        let addresses = try daemon.records("listening", count: 4).compactMap { $0["local"] }
        let listen = addresses.map { "\"\($0)\"" }.joined(separator: ", ")
        // As it would be after a reload: the ports that the kernel chose are written down.
        try daemon.write("[listener.echo]\nlisten = [\(listen)]\n\(service)")
        let own = daemon.directory.appending("usherd.toml")
        let before = daemon.records.count
        for _ in 0..<3 {
            let result = try check(own, "--strict", "--user", Self.me)
            #expect(result.end == .exited(0), "\(result.errors)")
        }
        #expect(daemon.records.count == before)
        let other = try TemporaryDirectory()
        let copy = try other.write("[listener.echo]\nlisten = [\(listen)]\n\(service)", to: "usherd.toml")
        let result = try check(copy, "--user", Self.me)
        #expect(result.errors.contains("usherd: 4 notes"), "\(result.errors)")
        let holder = "Address already in use by usherd (process \(daemon.identifier))"
        #expect(result.errors.contains(holder), "\(result.errors)")
        #expect(try daemon.stop() == .exited(0))
    }

    @Test(arguments: [
        (["--user", "no-such-user-here"], "this host has no user no-such-user-here"),
        (["--user"], "--user needs a name"),
    ])
    func `an unknown --user is a wrong command line`(options: [String], words: String) throws {
        let directory = try TemporaryDirectory()
        let path = try configuration(directory, log: "\(directory.path)/log", listen: "tcp://127.0.0.1:0")
        let result = try run(BuiltProgram.usherd(), ["--check", "--config", path] + options)
        #expect(result.end == .exited(64))
        #expect(result.errors.contains(words), "\(result.errors)")
    }

    @Test(.enabled(if: geteuid() == 0, "only root judges as another user"))
    func `root checks the permissions of another user`() throws {
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("closed")
        let path = try directory.write(
            "[listener.echo]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n", to: "closed/usherd.toml")
        #expect(chmod(directory.path, 0o755) == 0)
        #expect(chmod(directory.appending("closed"), 0o700) == 0)
        #expect(try check(path, "--user", "root").end == .exited(0))
        let result = try check(path, "--user", "nobody")
        #expect(result.end == .exited(78))
        #expect(
            result.errors.contains(
                "\(path): cannot be read: Permission denied (EACCES): the user nobody lacks the permission to search"
                    + " \(directory.path)/closed (drwx------ root root)"), "\(result.errors)")
        #expect(chmod(directory.appending("closed"), 0o755) == 0)
        #expect(chmod(path, 0o600) == 0)
        let file = try check(path, "--user", "nobody")
        #expect(
            file.errors.contains("the user nobody lacks the permission to read \(path) (-rw------- root root)"),
            "\(file.errors)")
    }
}
