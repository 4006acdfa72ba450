// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem

/// What a check asks the host: files, accounts, and who has an address.
@Suite struct HostLookTests {
    private static let loopback = SocketAddress.ipv4(.loopback, port: 0)

    private static func listener(_ kind: SocketKind, _ address: SocketAddress = loopback) throws -> ListeningSocket {
        try ListeningSocket(kind: kind, address: address, dualStack: false, options: ListeningOptions())
    }

    // MARK: Files

    @Test func `a file has its kind, mode and this process's access`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("x", to: "file")
        #expect(chmod(path, 0o640) == 0)
        let file = try FileStatus(of: path)
        #expect(file.kind == .regular && file.modeText == "-rw-r-----" && file.owner == geteuid())
        #expect(file.mayRead && file.mayWrite && !file.mayExecute)
        #expect(chmod(directory.path, 0o2751) == 0)
        let folder = try FileStatus(of: directory.path)
        #expect(folder.kind == .directory && folder.modeText == "drwxr-x--x" && folder.mayExecute)
        #expect(throws: SystemError("stat", errno: ENOENT)) { try FileStatus(of: directory.appending("none")) }
        #expect(throws: SystemError("stat", errno: ENOTDIR)) { try FileStatus(of: "\(path)/below") }
        #expect(try FileStatus(of: "/dev/null").kind == .device)
    }

    // MARK: Accounts

    @Test func `an account has its numbers and groups`() throws {
        let root = try #require(try Account(named: "root"))
        #expect(root.user == 0 && root.groups.contains(0))
        #expect(try Account(named: "no-such-user-here") == nil)
        let own = Account.ofThisProcess
        #expect(own.user == geteuid() && own.group == getegid() && own.groups.contains(getegid()))
        #expect(NameService.userName(of: 0) == "root")
        #expect(NameService.groupName(of: 0) == "root")
        #expect(NameService.userName(of: 3_999_999_999) == nil)
    }

    // MARK: Addresses

    @Test(arguments: [
        ("0100007F:1F90", SocketAddress.ipv4(.loopback, port: 8080)), ("00000000:0016", .ipv4(.any, port: 22)),
        ("00000000000000000000000001000000:0016", .ipv6(.loopback, port: 22, scope: 0)), ("0100007F", nil),
        ("x:1", nil),
        ("0100007F0100007F:1", nil),
    ])
    func `an address of proc is read in the byte order of the host`(text: String, address: SocketAddress?) {
        #expect(SocketHolders.address(Substring(text)) == address)
    }

    @Test(arguments: [SocketKind.tcp, .udp])
    func `a probe detects an address in use, and does not bind a free one`(kind: SocketKind) throws {
        let taken = try Self.listener(kind)
        #expect(throws: SystemError("bind", errno: EADDRINUSE)) {
            try PortProbe.bind(kind, taken.address, dualStack: false, interface: 0)
        }
        let wildcard = SocketAddress.ipv6(.any, port: taken.address.port ?? 0, scope: 0)
        #expect(throws: SystemError("bind", errno: EADDRINUSE)) {
            try PortProbe.bind(kind, wildcard, dualStack: true, interface: 0)
        }
        for _ in 0..<2 { try PortProbe.bind(kind, Self.loopback, dualStack: false, interface: 0) }
        #expect(throws: SystemError("bind", errno: EADDRNOTAVAIL)) {
            try PortProbe.bind(kind, .ipv4(IPv4Address(0xc000_0201), port: 0), dualStack: false, interface: 0)
        }
    }

    @Test(arguments: [SocketKind.tcp, .udp])
    func `the process that uses an address is found`(kind: SocketKind) throws {
        let socket = try Self.listener(kind)
        let found = SocketHolders.sockets(on: socket.address, kind)
        #expect(found.count == 1)
        #expect(found.first?.user == geteuid())
        #expect(SocketHolders.processes(with: found).map(\.pid) == [Int(getpid())])
        let wildcard = SocketAddress.ipv4(.any, port: socket.address.port ?? 0)
        #expect(SocketHolders.sockets(on: wildcard, kind) == found)
        let other = SocketAddress.ipv4(IPv4Address(0x7f00_0002), port: socket.address.port ?? 0)
        #expect(SocketHolders.sockets(on: other, kind).isEmpty, "another address of the same port is free")
    }

    @Test func `the process that uses a Unix socket is found, by path and by name`() throws {
        let directory = try TemporaryDirectory()
        let path = SocketAddress.unix(path: Array(directory.appending("socket").utf8))
        let name = SocketAddress.abstract(name: Array("usher-holders-\(getpid())".utf8))
        #expect(SocketHolders.sockets(on: path, .unixStream).isEmpty)
        for (address, kind) in [(path, SocketKind.unixStream), (name, .unixDatagram)] {
            let socket = try Self.listener(kind, address)
            let found = SocketHolders.sockets(on: address, kind)
            #expect(SocketHolders.processes(with: found).map(\.pid) == [Int(getpid())])
            withExtendedLifetime(socket) {}
        }
    }

    @Test func `a socket is identified by its kind and address`() throws {
        let socket = try Self.listener(.tcp)
        let port = socket.address.port ?? 0
        #expect(ListeningSocket.has(socket.address, .tcp, socket.raw))
        #expect(ListeningSocket.has(.ipv4(.any, port: port), .tcp, socket.raw))
        #expect(!ListeningSocket.has(socket.address, .udp, socket.raw))
        #expect(!ListeningSocket.has(.ipv4(.loopback, port: port &+ 1), .tcp, socket.raw))
        #expect(!ListeningSocket.has(socket.address, .tcp, -1))
    }
}
