// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct UnixSocketFileTests {
    private let directory: TemporaryDirectory
    private let path: String
    private var bytes: [UInt8] { Array(path.utf8) }

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.appending("socket")
    }

    private func listen(
        _ access: UnixSocketAccess = .init(), kind: SocketKind = .unixStream
    ) throws -> ListeningSocket {
        try ListeningSocket(
            kind: kind, address: .unix(path: bytes), dualStack: false, options: ListeningOptions(), access: access)
    }

    private func mode(of path: String) throws -> mode_t {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw POSIXFailure("lstat") }
        return status.st_mode & 0o7777
    }

    private var exists: Bool { access(path, F_OK) == 0 }

    /// Another user and group, if the test may give files away.
    private let stranger: UInt32? = geteuid() == 0 ? 65_534 : nil

    // MARK: - What is in the way

    @Test(arguments: [SocketKind.unixStream, .unixSeqpacket])
    func `a stale socket of any kind is removed`(kind: SocketKind) throws {
        try listen(kind: .unixStream).die()
        #expect(exists)
        #expect(try UnixSocketFile.removeStale(at: bytes, kind: kind) == nil)
        #expect(!exists)
    }

    @Test(arguments: [(SocketKind.unixStream, SocketKind.unixStream), (.unixSeqpacket, .unixStream)])
    func `a socket in use is kept`(kind: SocketKind, other: SocketKind) throws {
        let socket = try listen(kind: kind)
        #expect(try UnixSocketFile.removeStale(at: bytes, kind: other) == .live)
        #expect(exists)
        _ = try Client(ServerAddress(socket))
    }

    @Test func `a socket with a full backlog is in use`() throws {
        let socket = try listen()
        try socket.apply(ListeningOptions(backlog: 0))
        let client = try Client(ServerAddress(socket))
        #expect(try UnixSocketFile.removeStale(at: bytes, kind: .unixStream) == .live)
        #expect(exists)
        client.close()
    }

    @Test func `a file of another kind is kept`() throws {
        try directory.write("precious", to: "socket")
        #expect(try UnixSocketFile.removeStale(at: bytes, kind: .unixStream) == .notASocket)
        #expect(directory.read("socket") == "precious")
        #expect(throws: SystemError("lstat", errno: ENOTSOCK)) { try UnixSocketFile(at: bytes) }
    }

    @Test func `a symbolic link is kept, even to a stale socket`() throws {
        _ = try ListeningSocket(
            kind: .unixStream, address: .unix(path: Array(directory.appending("dead").utf8)), dualStack: false,
            options: ListeningOptions())
        symlink("dead", path)
        #expect(try UnixSocketFile.removeStale(at: bytes, kind: .unixStream) == .notASocket)
        #expect(access(directory.appending("dead"), F_OK) == 0)
    }

    @Test func `a free path needs no removal`() throws {
        #expect(try UnixSocketFile.removeStale(at: bytes, kind: .unixStream) == nil)
        #expect(throws: SystemError("lstat", errno: ENOENT)) { try UnixSocketFile(at: bytes) }
    }

    @Test func `a path under a file is an error`() throws {
        try directory.write("", to: "socket")
        let below = Array("\(path)/below".utf8)
        #expect(throws: SystemError("open", errno: ENOTDIR)) {
            try UnixSocketFile.removeStale(at: below, kind: .unixStream)
        }
    }

    // MARK: - Removal

    @Test func `its own file is removed, if it still exists`() throws {
        let socket = try listen()
        let file = try #require(socket.file)
        try file.remove()
        #expect(!exists)
        try file.remove()
    }

    @Test func `a file that replaced it is kept`() throws {
        let socket = try listen()
        let file = try #require(socket.file)
        unlink(path)
        let other = try listen()
        try file.remove()
        _ = try Client(ServerAddress(other))

        unlink(path)
        try directory.write("precious", to: "socket")
        try #require(other.file).remove()
        #expect(directory.read("socket") == "precious")
    }

    // MARK: - Who may connect

    @Test(arguments: [0o600, 0o660, 0o666, 0o777, 0o000] as [mode_t])
    func `mode is applied regardless of the umask`(mode wanted: mode_t) throws {
        _ = try listen(UnixSocketAccess(mode: wanted))
        #expect(try mode(of: path) == wanted)
    }

    @Test func `owner and group are applied`() throws {
        let user = stranger ?? geteuid()
        let group = stranger ?? getegid()
        let socket = try listen(UnixSocketAccess(mode: 0o660, user: user, group: group))
        #expect(try #require(socket.file).access() == UnixSocketAccess(mode: 0o660, user: user, group: group))
    }

    @Test func `EPERM for an owner leaves no file`() throws {
        guard stranger == nil else { return try refusedOwnerByInjection() }
        #expect(throws: SystemError("chown", errno: EPERM)) { try listen(UnixSocketAccess(user: 0)) }
        #expect(!exists)
    }

    /// Root may give everything away: the call is made to fail.
    private func refusedOwnerByInjection() throws {
        var errors: [SystemError] = []
        var number = 1
        while FaultInjection.failing(
            call: number, with: EPERM,
            {
                do {
                    _ = try listen(UnixSocketAccess(user: 65_534))
                } catch {
                    if let error = error as? SystemError { errors.append(error) }
                }
            })
        {
            #expect(!exists)
            number += 1
        }
        #expect(errors.contains(SystemError("chown", errno: EPERM)))
    }

    @Test func `a setting that is removed returns to its first value`() throws {
        let plain = try listen()
        let original = try #require(plain.file).access()
        try #require(plain.file).remove()

        let file = try #require(
            try listen(UnixSocketAccess(mode: 0o600, user: stranger, group: stranger)).file)
        try file.apply(UnixSocketAccess())
        #expect(try file.access() == original)
        try file.apply(UnixSocketAccess(mode: 0o622))
        #expect(try file.access().mode == 0o622)
        try file.apply(UnixSocketAccess(group: stranger))
        #expect(
            try file.access()
                == UnixSocketAccess(mode: original.mode, user: original.user, group: stranger ?? original.group))
    }

    @Test func `a file that replaced it is not changed`() throws {
        let socket = try listen(UnixSocketAccess(mode: 0o600))
        let file = try #require(socket.file)
        unlink(path)
        #expect(throws: SystemError("open", errno: ENOENT)) { try file.apply(UnixSocketAccess(mode: 0o666)) }

        try directory.write("precious", to: "target")
        chmod(directory.appending("target"), 0o600)
        symlink("target", path)
        #expect(throws: SystemError("open", errno: ENOENT)) { try file.apply(UnixSocketAccess(mode: 0o666)) }
        #expect(try mode(of: directory.appending("target")) == 0o600)

        unlink(path)
        rename(directory.appending("target"), path)
        #expect(throws: SystemError("open", errno: ENOENT)) { try file.apply(UnixSocketAccess(mode: 0o666)) }
        #expect(try mode(of: path) == 0o600)
        #expect(throws: SystemError("open", errno: ENOENT)) { try file.access() }
    }

    @Test func `a change that fails half-way can be undone`() throws {
        let file = try #require(try listen(UnixSocketAccess(mode: 0o660)).file)
        let before = try file.access()
        let wanted = UnixSocketAccess(mode: 0o606, user: stranger, group: stranger)
        var failures = 0
        while FaultInjection.failing(call: failures + 1, with: EPERM, { try? file.apply(wanted) }) {
            failures += 1
            try file.apply(before)
            #expect(try file.access() == before)
        }
        #expect(failures >= 4)
    }
}
