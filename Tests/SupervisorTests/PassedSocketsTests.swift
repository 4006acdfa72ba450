// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import LinuxSystem
@testable import Supervisor

@Suite struct PassedSocketsTests {
    private func descriptor(_ type: __socket_type = SOCK_STREAM, listening: Bool = true) throws -> CInt {
        let raw = socket(AF_INET, CInt(type.rawValue), 0)
        guard raw >= 0, !listening || listen(raw, 7) == 0 else { throw POSIXFailure("socket") }
        return raw
    }

    private func cause(_ passed: PassedSockets, _ name: String) -> ListenFailure.Cause? {
        do throws(OpenSocket.OpenFailure) {
            _ = try passed.take(name)
            return nil
        } catch {
            return error.cause
        }
    }

    @Test func `all sockets of a name are returned, the same each time`() throws {
        let raws = try (0..<3).map { _ in try descriptor() }
        let passed = PassedSockets([("web", raws[0]), ("chat", raws[1]), ("web", raws[2])])
        let web = try passed.take("web")
        #expect(web.map(\.raw) == [raws[0], raws[2]])
        #expect(try passed.take("web").map(\.raw) == web.map(\.raw))
        #expect(passed.untaken == ["chat"])
        #expect(try passed.take("chat").map(\.raw) == [raws[1]])
        #expect(passed.untaken.isEmpty)
    }

    @Test func `each unused name is reported once`() throws {
        let passed = PassedSockets([("web", try descriptor()), ("a", try descriptor()), ("web", try descriptor())])
        #expect(passed.untaken == ["a", "web"])
        _ = try passed.take("web")
        _ = try passed.take("a")
    }

    @Test func `an unknown name is refused with the existing names`() throws {
        let passed = PassedSockets([("web", try descriptor()), ("chat", try descriptor()), ("web", try descriptor())])
        #expect(cause(passed, "none") == .notPassed(names: ["chat", "web"]))
        _ = try passed.take("web")
        #expect(cause(passed, "none") == .notPassed(names: ["chat", "web"]))
        #expect(cause(PassedSockets([]), "none") == .notPassed(names: []))
        _ = try passed.take("chat")
    }

    @Test func `files and pipes among the passed descriptors have no address`() throws {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw POSIXFailure("pipe") }
        let file = Foundation.open("/dev/null", O_RDONLY)
        let web = try descriptor()
        defer { for raw in ends + [file, web] { close(raw) } }
        let passed = PassedSockets([("file", file), ("pipe", ends[0]), ("web", web)])
        #expect(passed.name(of: .tcp, at: try ListeningSocket.localAddress(of: web)) == "web")
        #expect(passed.name(of: .tcp, at: .ipv4(.loopback, port: 1)) == nil)
    }

    @Test func `unusable sockets of a name are refused each time, with the cause`() throws {
        try withOwnDescriptors {
            let before = try openDescriptors()
            let cases: [([CInt], SystemError)] = [
                ([try descriptor(), try descriptor(listening: false)], SystemError("listen", errno: ENOTCONN)),
                ([try descriptor(SOCK_DGRAM, listening: false)], SystemError("listen", errno: ENOTCONN)),
                (
                    [Foundation.open("/dev/null", O_RDONLY), try descriptor()],
                    SystemError("getsockopt", errno: ENOTSOCK)
                ),
            ]
            for (raws, error) in cases {
                let passed = PassedSockets(raws.map { ("bad", $0) })
                for _ in 0..<3 { #expect(cause(passed, "bad") == .system(error)) }
                #expect(cause(passed, "other") == .notPassed(names: ["bad"]))
                #expect(passed.untaken.isEmpty)
            }
            #expect(try openDescriptors() == before)
        }
    }

    @Test func `a passed socket gets the options of its listener, but keeps its backlog`() throws {
        let raw = try descriptor()
        let settings = try #require(
            try configuration(
                """
                [listener.a]
                listen = "systemd://web"
                service = "echo"
                keepalive = { idle = "77s" }
                """
            ).listeners.first)
        let wanted = try #require(settings.wantedSockets.first)
        let sockets = try OpenSocket.open(wanted, for: "a", passed: PassedSockets([("web", raw)]))
        #expect(sockets.map(\.socket.raw) == [raw])
        #expect(try SocketOption.noDelay.value(of: raw) == 1)
        #expect(try SocketOption.keepAlive.value(of: raw) == 1)
        #expect(try SocketOption.keepIdle.value(of: raw) == 77)
        var info = [UInt32](repeating: 0, count: 64)
        var length = socklen_t(256)
        getsockopt(raw, CInt(IPPROTO_TCP), 11 /* TCP_INFO */, &info, &length)
        // `tcpi_sacked` of a socket that listens is its backlog.
        #expect(info[7] == 7)
    }
}
