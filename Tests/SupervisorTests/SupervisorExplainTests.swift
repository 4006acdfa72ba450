// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Glibc
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem
@testable import Supervisor

/// What is said of a connection that has not come.
@Suite struct SupervisorExplainTests {
    private static let here = SocketAddress.ipv4(.loopback, port: 0)
    private static let elsewhere = SocketAddress.ipv4(IPv4Address(0xc000_0207), port: 0)

    private func verdict(
        _ daemon: SupervisorHarness, of listener: String = "a", from client: SocketAddress = here
    ) throws -> Verdict {
        try daemon.onQueue {
            guard case .explanation(let result) = $0.explain(client, to: listener) else {
                throw POSIXFailure("no explanation", EINVAL)
            }
            return try #require(result.verdicts.first)
        }
    }

    private static func listener(_ listen: String, _ more: String = "service = \"echo\"") -> String {
        "[listener.a]\nlisten = [\(listen)]\n\(more)\n"
    }

    @Test func `a connection is accepted until a limit is reached`() throws {
        let daemon = try SupervisorHarness(
            Self.listener("\"tcp://127.0.0.1:0\"", "service = \"echo\"\nmax-connections = 1"),
            daemon: "max-connections = 2")
        defer { daemon.end() }
        let free = try verdict(daemon)
        #expect(free.outcome == .accepted && free.reason == nil && free.limit == 1 && free.connections == 0)
        #expect(free.addresses == [try daemon.address("a").description] && !free.proxyHeader && free.balance == nil)
        let client = try Client(daemon.address("a"))
        #expect(try echoes(client))
        let full = try verdict(daemon)
        #expect(full.outcome == .refused && full.refusal == "listener-limit")
        #expect(full.reason == "max-connections of the listener (1)")
        let other = try Client(daemon.address("a"))
        try waitUntil("it is refused") { other.isEnded }
        #expect(try daemon.records("refused", atLeast: 1).first?["reason"] == full.reason)
    }

    @Test func `a paused listener lets connections wait, and refuses flows`() throws {
        let daemon = try SupervisorHarness(
            Self.listener("\"tcp://127.0.0.1:0\"")
                + Self.listener("\"udp://127.0.0.1:0\"").replacing("listener.a", with: "listener.u"))
        defer { daemon.end() }
        try daemon.onQueue { supervisor in
            for name in ["a", "u"] { supervisor.listeners[name]?.current.state.isPaused = true }
        }
        let waits = try verdict(daemon)
        #expect(waits.outcome == .waits && waits.refusal == nil && waits.reason?.contains("backlog") == true)
        let flow = try verdict(daemon, of: "u")
        #expect(flow.outcome == .refused && flow.refusal == "paused")
    }

    @Test func `who is not on this host cannot reach loopback, and no IP client a Unix socket`() throws {
        let daemon = try SupervisorHarness(
            Self.listener("\"tcp://127.0.0.1:0\", \"unix://DIR/a\"")
                + Self.listener("\"unix://DIR/b\"").replacing("listener.a", with: "listener.b")
                + Self.listener("\"tcp://[::]:0\"").replacing("listener.a", with: "listener.six"))
        defer { daemon.end() }
        #expect(try verdict(daemon).outcome == .accepted)
        let far = try verdict(daemon, from: Self.elsewhere)
        #expect(far.outcome == .unreachable && far.reason?.contains("loopback") == true && far.addresses.isEmpty)
        #expect(try verdict(daemon, of: "b").reason == "it has no IP address")
        #expect(try verdict(daemon, of: "six").reason == "it has no IPv4 address")
        #expect(try verdict(daemon, of: "six", from: .ipv6(.loopback, port: 0, scope: 0)).outcome == .accepted)
        let all: Void? = try daemon.onQueue {
            guard case .explanation(let all) = $0.explain(Self.here, to: nil) else { return nil }
            #expect(all.verdicts.map(\.listener) == ["a", "b", "six"])
        }
        #expect(all != nil)
        let unknown = try daemon.onQueue {
            if case .failed(.noSuchListener("x")) = $0.explain(Self.here, to: "x") { true } else { false }
        }
        #expect(unknown)
    }

    @Test func `a relay says which upstream, and what decides it`() throws {
        let to = "to = [\"tcp://127.0.0.1:1\", { address = \"tcp://127.0.0.1:2\", weight = 3 }]\n"
        let daemon = try SupervisorHarness(
            Self.listener("\"tcp://127.0.0.1:0\"", "service = \"forward\"\nbalance = \"source-hash\"\n\(to)")
                + Self.listener(
                    "\"tcp://127.0.0.1:0\"",
                    "service = \"forward\"\nbalance = \"source-hash\"\naccept-proxy = \"127.0.0.0/8\"\n\(to)"
                ).replacing("listener.a", with: "listener.proxied"))
        defer { daemon.end() }
        var found: Set<String> = []
        for number in 1...50 as ClosedRange<UInt32> {
            let client = SocketAddress.ipv4(IPv4Address(0x7f00_0000 + number), port: 0)
            let verdict = try verdict(daemon, from: client)
            #expect(verdict.balance == "source-hash" && verdict.upstreams.map(\.weight) == [1, 3])
            #expect(try self.verdict(daemon, from: client).upstream == verdict.upstream)
            found.insert(try #require(verdict.upstream))
        }
        #expect(found == ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"])
        let proxied = try verdict(daemon, of: "proxied")
        #expect(proxied.proxyHeader && proxied.upstream == nil && proxied.outcome == .accepted)
    }

    @Test func `a daemon that drains refuses`() throws {
        let daemon = try SupervisorHarness(Self.listener("\"tcp://127.0.0.1:0\""))
        defer { daemon.end() }
        let client = try Client(daemon.address("a"))
        #expect(try echoes(client))
        try daemon.stop()
        #expect(try verdict(daemon).outcome != .accepted)
    }

    // MARK: - Reach

    @Test(arguments: [
        ("0.0.0.0", false, "192.0.2.7", ClientReach.reachable), ("::", true, "192.0.2.7", .reachable),
        ("::", false, "192.0.2.7", .otherFamily), ("::", false, "2001:db8::7", .reachable),
        ("::1", false, "2001:db8::7", .loopback), ("::1", false, "::1", .reachable),
        ("127.0.0.1", false, "127.0.0.9", .reachable), ("127.0.0.1", false, "192.0.2.7", .loopback),
        ("192.0.2.1", false, "::1", .otherFamily), ("192.0.2.1", false, "127.0.0.1", .reachable),
    ])
    func `the families and loopback decide`(socket: String, isDual: Bool, client: String, reach: ClientReach) throws {
        let (socket, client) = (
            try #require(SocketAddress(client: socket)), try #require(SocketAddress(client: client))
        )
        #expect(ClientReach(socket, isDualStack: isDual, from: client) == reach)
    }
}
