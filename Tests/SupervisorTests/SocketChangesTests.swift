// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem
@testable import Supervisor

@Suite struct SocketChangesTests {
    /// What may be seen of a socket.
    private struct Seen: Equatable {
        var access: UnixSocketAccess?
        var probes: [Int]

        init(_ open: OpenSocket) throws {
            let raw = open.socket.raw
            access = try open.socket.file?.access()
            guard open.socket.kind == .tcp else {
                probes = []
                return
            }
            probes = [
                try SocketOption.keepAlive.value(of: raw), try SocketOption.keepIdle.value(of: raw),
                try SocketOption.keepInterval.value(of: raw), try SocketOption.keepCount.value(of: raw),
            ]
        }
    }

    /// A listener in two versions: two of its sockets change, two are new, and one more is new and overlaps with a socket
    /// of another listener, which stays.
    private struct Scene {
        let directory: TemporaryDirectory
        let old: [(wanted: WantedSocket, open: OpenSocket)]
        let other: OpenSocket
        let next: [WantedSocket]

        init() throws {
            let directory = try TemporaryDirectory()
            self.directory = directory
            func wanted(_ listen: String, _ more: String = "", name: String = "test") throws -> [WantedSocket] {
                let text = "[listener.\(name)]\nlisten = [\(listen)]\nservice = \"echo\"\n\(more)\n"
                return try configuration(text.replacing("DIR", with: directory.path)).listeners.flatMap(\.wantedSockets)
            }
            func open(_ wanted: WantedSocket) throws -> OpenSocket {
                try #require(OpenSocket.open(wanted, for: "test", passed: PassedSockets([])).first)
            }
            other = try open(try #require(wanted("\"tcp://127.0.0.1:0\"", name: "other").first))
            let port = try #require(other.socket.address.port)
            old = try wanted("\"tcp://127.0.0.1:0\", \"unix://DIR/old?mode=0640\"", "keepalive = true")
                .map { ($0, try open($0)) }
            next = try wanted(
                """
                "tcp://127.0.0.1:0?backlog=3", "unix://DIR/old?mode=0604", "unix://DIR/new", "tcp://0.0.0.0:\(port)", \
                "tcp://127.0.0.1:0"
                """, "keepalive = { idle = \"5s\", interval = \"6s\", count = 7 }")
        }

        var hasNewFile: Bool { access(directory.appending("new"), F_OK) == 0 }

        func seen() throws -> [Seen] { try (old.map(\.open) + [other]).map { try Seen($0) } }

        /// Does what a reload does up to the point from which nothing fails.
        func prepare() -> (changes: SocketChanges, error: (any Error)?) {
            var changes = SocketChanges(old.map(\.open) + [other])
            do {
                for wanted in next {
                    if let before = old.first(where: { $0.wanted.key == wanted.key }) {
                        try changes.change(before.wanted, to: wanted)
                    } else {
                        try changes.open(wanted, for: "test", passed: PassedSockets([]))
                    }
                }
                return (changes, nil)
            } catch {
                changes.rollBack()
                return (changes, error)
            }
        }
    }

    @Test(arguments: [EMFILE, ENFILE, ENOMEM, ENOBUFS, EACCES, EADDRINUSE])
    func `a reload that fails at any call is undone`(errno: CInt) throws {
        try withOwnDescriptors {
            let scene = try Scene()
            let seen = try scene.seen()
            var failures = 0
            var isWhole = false
            while !isWhole {
                let before = try openDescriptors()
                do {
                    var outcome: (changes: SocketChanges, error: (any Error)?)?
                    let reached = FaultInjection.failing(call: failures + 1, with: errno) { outcome = scene.prepare() }
                    isWhole = !reached
                    if reached { failures += 1 }
                    let (changes, error) = try #require(outcome)
                    if error == nil {
                        // No call failed, or one that there is a way round.
                        #expect(scene.hasNewFile)
                        #expect(try scene.seen() != seen)
                        #expect(changes.sockets.values.count { !$0.isEmpty } == 6)
                        changes.rollBack()
                    }
                }
                let now = try scene.seen()
                #expect(now == seen, "call \(failures)")
                #expect(!scene.hasNewFile, "call \(failures)")
                #expect(try openDescriptors() == before, "call \(failures)")
            }
            #expect(failures >= 40)
        }
    }

    @Test func `kept and new sockets are in the result`() throws {
        let kept = try #require(try listener("tcp://127.0.0.1:0").wantedSockets.first)
        let open = try OpenSocket.open(kept, for: "test", passed: PassedSockets([]))
        var changes = SocketChanges(open)
        let new = try #require(try listener("tcp://[::1]:0").wantedSockets.first)
        try changes.open(new, for: "test", passed: PassedSockets([]))
        #expect(Set(changes.sockets.keys) == [kept.key, new.key])
        #expect(changes.sockets[kept.key]?.map(\.socket.raw) == open.map(\.socket.raw))
    }

    /// Of a socket that systemd passed, a reload may ask for what it is not good for.
    @Test(arguments: [("0.0.0.0", true), ("127.0.0.1", false)])
    func `a passed socket that stays is checked again`(host: String, isRefused: Bool) throws {
        func wanted(_ service: String, _ more: String = "") throws -> WantedSocket {
            let text = "[listener.x]\nlisten = \"systemd://x\"\nservice = \"\(service)\"\n\(more)\n"
            return try #require(configuration(text).listeners.first?.wantedSockets.first)
        }
        let socket = try ListeningSocket(
            kind: .udp, address: .ipv4(host == "0.0.0.0" ? .any : .loopback, port: 0), dualStack: false,
            options: ListeningOptions())
        let before = try wanted("chargen", "allow-amplification = true")
        let changes = SocketChanges([OpenSocket(key: before.key, socket: socket)])
        try changes.check(before, for: "x")
        let after = try wanted("chargen")
        #expect(after.key == before.key)
        if isRefused {
            let failure = #expect(throws: ListenFailure.self) { try changes.check(after, for: "x") }
            #expect(failure?.cause == .amplifies)
        } else {
            try changes.check(after, for: "x")
        }
    }
}
