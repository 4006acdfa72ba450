// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem
@testable import Supervisor

@Suite struct OpenSocketTests {
    private let directory: TemporaryDirectory
    private let nothing = PassedSockets([])

    init() throws { directory = try TemporaryDirectory() }

    private func wanted(_ address: String) throws -> WantedSocket {
        try #require(try listener(address.replacing("DIR", with: directory.path)).wantedSockets.first)
    }

    private func open(_ address: String, beside ownSockets: [ListeningSocket] = []) throws -> OpenSocket {
        try #require(OpenSocket.open(wanted(address), for: "test", passed: nothing, beside: ownSockets).first)
    }

    private func cause(_ body: () throws -> Void) -> ListenFailure.Cause? {
        do {
            try body()
            return nil
        } catch {
            return (error as? ListenFailure)?.cause
        }
    }

    @Test(arguments: ["unix", "unix-seqpacket"])
    func `a stale Unix socket file is replaced, any other file is kept`(scheme: String) throws {
        let address = "\(scheme)://DIR/socket"
        let path = directory.appending("socket")
        try open(address).socket.die()
        #expect(access(path, F_OK) == 0)
        let alive = try open(address)
        #expect(cause { _ = try open(address) } == .pathIsLive)
        #expect(cause { _ = try open(address, beside: [alive.socket]) } == .pathIsOurs)
        #expect(access(path, F_OK) == 0)
        alive.removeFile()
        #expect(access(path, F_OK) != 0)
        try directory.write("precious", to: "socket")
        #expect(cause { _ = try open(address) } == .pathIsNoSocket)
        #expect(directory.read("socket") == "precious")
    }

    @Test func `only the socket file that it created is removed`() throws {
        let first = try open("unix://DIR/socket")
        first.removeFile()
        let second = try open("unix://DIR/socket")
        first.removeFile()
        #expect(access(directory.appending("socket"), F_OK) == 0)
        second.removeFile()
        second.removeFile()
    }

    @Test func `the mode of a path is set`() throws {
        let one = try open("unix://DIR/socket?mode=0640")
        #expect(try one.socket.file?.access().mode == 0o640)
    }

    @Test func `a missing directory is named`() throws {
        #expect(
            cause { _ = try open("unix://DIR/none/socket") } == .system(SystemError("bind", errno: ENOENT)))
    }

    @Test(arguments: [EAFNOSUPPORT, EADDRNOTAVAIL])
    func `a wildcard without IPv6 support listens on IPv4 only`(errno: CInt) throws {
        let wanted = try wanted("tcp://*:0")
        for call in 1...6 {
            var sockets: [OpenSocket]?
            _ = FaultInjection.failing(call: call, with: errno) {
                sockets = try? OpenSocket.open(wanted, for: "test", passed: nothing)
            }
            let socket = try #require(sockets?.first)
            guard case .ipv4(.any, _) = socket.socket.address else {
                Issue.record("call \(call) led to \(socket.socket.address)")
                continue
            }
            #expect(socket.key == wanted.key)
        }
    }

    @Test func `an IPv6 address without IPv6 support fails`() throws {
        let wanted = try wanted("tcp://[::]:0")
        _ = FaultInjection.failing(call: 1, with: EAFNOSUPPORT) {
            #expect(
                cause { _ = try OpenSocket.open(wanted, for: "test", passed: nothing) }
                    == .system(SystemError("socket", errno: EAFNOSUPPORT)))
        }
    }

    // MARK: - Every call that can fail

    private static let errors = [EMFILE, ENFILE, ENOMEM, ENOBUFS, EACCES, EADDRINUSE]

    @Test(
        arguments: errors,
        ["tcp://127.0.0.1:0", "tcp://*:0", "unix://DIR/socket?mode=0600", "unix-seqpacket://DIR/socket"])
    func `a failure of any call leaves no socket and no file`(errno: CInt, address: String) throws {
        let wanted = try wanted(address)
        let path = directory.appending("socket")
        try withOwnDescriptors {
            // Once on a free path, and once on one where a dead daemon has left its socket.
            for isStale in [false, true] {
                var failures = 0
                var isWhole = false
                while !isWhole {
                    if isStale, path.isEmpty == false, case .bound(_, .unix(let bytes), _) = wanted.key {
                        unlink(path)
                        try ListeningSocket(
                            kind: .unixStream, address: .unix(path: bytes), dualStack: false,
                            options: ListeningOptions()
                        ).die()
                    }
                    let before = try openDescriptors()
                    var sockets: [OpenSocket] = []
                    var failure: ListenFailure?
                    let reached = FaultInjection.failing(call: failures + 1, with: errno) {
                        do throws(ListenFailure) {
                            sockets = try OpenSocket.open(wanted, for: "test", passed: PassedSockets([]))
                        } catch {
                            failure = error
                        }
                    }
                    isWhole = !reached
                    if reached { failures += 1 }
                    if let failure {
                        #expect(
                            failure.message.hasPrefix(
                                "test.toml:2:11: listener test: cannot listen on \(address.prefix(4))"))
                        // A socket that may not be asked is one that somebody may listen on.
                        #expect(failure.errno == errno || errno == EACCES && failure.cause == .pathIsLive)
                        #expect(sockets.isEmpty)
                        // What was there before may still be there; what was made is not.
                        #expect(isStale || access(path, F_OK) != 0, "call \(failures)")
                    } else {
                        #expect(sockets.count == 1)
                    }
                    for socket in sockets { socket.removeFile() }
                    sockets = []
                    #expect(try openDescriptors() == before, "call \(failures)")
                }
                #expect(failures >= 4)
            }
        }
    }

    @Test(arguments: errors)
    func `a failed port takeover leaves no socket and no shared port`(errno: CInt) throws {
        let narrow = try wanted("tcp://127.0.0.1:0")
        try withOwnDescriptors {
            let old = try #require(try OpenSocket.open(narrow, for: "test", passed: PassedSockets([])).first)
            let port = try #require(old.socket.address.port)
            let wide = try #require(try listener("tcp://0.0.0.0:\(port)").wantedSockets.first)
            var failures = 0
            var stillShared = 0
            var isWhole = false
            while !isWhole {
                let before = try openDescriptors()
                var sockets: [OpenSocket] = []
                let reached = FaultInjection.failing(call: failures + 1, with: errno) {
                    sockets =
                        (try? OpenSocket.open(wide, for: "test", passed: PassedSockets([]), beside: [old.socket])) ?? []
                }
                isWhole = !reached
                if reached { failures += 1 } else { #expect(sockets.count == 1) }
                sockets = []
                if try SocketOption.reusePort.value(of: old.socket.raw) != 0 {
                    // It was the call that takes the option back, which in earnest cannot fail.
                    stillShared += 1
                    try SocketOption.reusePort.set(0, on: old.socket.raw)
                }
                #expect(try openDescriptors() == before, "call \(failures)")
            }
            #expect(failures >= 20)
            #expect(stillShared <= 1)
        }
    }
}
