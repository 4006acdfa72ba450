// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Records
import TOML
import Testing

@testable import Relaying
@testable import Services

/// What a group hands on to the one that a reload puts in its place.
@Suite struct UpstreamGroupTests {
    private func registered(
        _ upstreams: [String], framing: Framing? = nil, following previous: UpstreamRegistration? = nil
    ) throws -> UpstreamRegistration {
        let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
        var settings = ForwardSettings(
            upstreams: try upstreams.map { UpstreamSettings(endpoint: try Endpoint(parsing: $0), origin: origin) })
        settings.framing = framing
        return UpstreamRegistration(
            settings, label: ListenerLabel(name: "front", service: "forward"), following: previous)
    }

    @Test func `a link-local upstream is identified by address, port and current interface`()
        throws
    {
        let loopback = try #require(NameService.interface(named: "lo"))
        let ip = IPv6Address(high: 0xfe80 << 48, low: 1)
        for name in ["lo", "\(loopback)"] {
            let group = try registered(["udp://127.0.0.1:7", "udp://[fe80::1%\(name)]:7"]).group
            #expect(group.hasUpstream(at: .ipv6(ip, port: 7, scope: loopback)))
            #expect(!group.hasUpstream(at: .ipv6(ip, port: 7, scope: loopback + 1)))
            #expect(!group.hasUpstream(at: .ipv6(ip, port: 7, scope: 0)))
            #expect(!group.hasUpstream(at: .ipv6(ip, port: 8, scope: loopback)))
            #expect(!group.hasUpstream(at: .ipv6(.loopback, port: 7, scope: loopback)))
        }
        let missing = try registered(["udp://[fe80::1%no-such-nic]:7"])
        #expect(!missing.group.hasUpstream(at: .ipv6(ip, port: 7, scope: loopback)))
    }

    @Test func `the newest group replaces all earlier ones`() throws {
        let first = try registered(["tcp://127.0.0.1:1"])
        #expect(first.group.successor == nil)
        let second = try registered(["tcp://127.0.0.1:2"], following: first)
        #expect(first.group.successor === second.group && second.group.successor == nil)
        let third = try registered(["tcp://127.0.0.1:3"], following: second)
        #expect(
            first.group.successor === third.group && second.group.successor === third.group
                && third.group.successor == nil)
        #expect(first.group.queue === third.group.queue)
    }

    @Test func `a group with another kind of relay has no successor`() throws {
        let streams = try registered(["tcp://127.0.0.1:1"])
        let lines = try registered(["udp://127.0.0.1:1"], framing: .lines, following: streams)
        #expect(streams.group.successor == nil)
        let lengths = try registered(["udp://127.0.0.1:1"], framing: .length16, following: lines)
        #expect(lines.group.successor == nil)
        let flows = try registered(["tcp://127.0.0.1:1"], framing: .length16, following: lengths)
        #expect(lengths.group.successor == nil)
        let again = try registered(["tcp://127.0.0.1:1"], following: flows)
        #expect(streams.group.successor === again.group)
        #expect(lines.group.successor == nil && lengths.group.successor == nil && flows.group.successor == nil)
    }

    @Test func `a group is not kept alive by earlier ones`() throws {
        let first = try registered(["tcp://127.0.0.1:1"])
        var second: UpstreamRegistration? = try registered(["tcp://127.0.0.1:2"], following: first)
        weak let kept = second?.group
        #expect(first.group.successor === kept)
        second = nil
        #expect(kept == nil && first.group.successor == nil)
    }

    @Test func `an upstream that is added again keeps its state while in use`() throws {
        let (a, b) = ("tcp://127.0.0.1:1", "tcp://127.0.0.1:2")
        var first: UpstreamRegistration? = try registered([a])
        weak let upstream = first?.group.members[0].upstream
        let second = try registered([b], following: first)
        let third = try registered([b, a], following: second)
        #expect(
            third.group.members[1].upstream === upstream
                && third.group.members[0].upstream === second.group.members[0].upstream)
        first = nil
        #expect(upstream != nil)

        let fourth = try registered([b], following: third)
        #expect(fourth.group.members[0].upstream === second.group.members[0].upstream)
    }

    @Test func `an unused upstream is released`() throws {
        var first: UpstreamRegistration? = try registered(["tcp://127.0.0.1:1"])
        weak let upstream = first?.group.members[0].upstream
        let second = try registered(["tcp://127.0.0.1:2"], following: first)
        first = nil
        #expect(upstream == nil)
        let third = try registered(["tcp://127.0.0.1:1"], following: second)
        #expect(third.group.members[0].upstream.active.value == 0)
    }

    @Test func `an upstream that is listed twice is one`() throws {
        let group = try registered(["tcp://127.0.0.1:1", "tcp://127.0.0.1:1"]).group
        #expect(group.members[0].upstream === group.members[1].upstream)
    }

    @Test func `tried members are found at their new index, and new ones are untried`() throws {
        let (a, b, c) = ("tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "tcp://127.0.0.1:3")
        let first = try registered([a, b])
        let second = try registered([c, b, a], following: first)
        var tried = MemberSet()
        #expect(second.group.members(as: tried, of: first.group).isEmpty)
        tried.insert(0)
        let seen = second.group.members(as: tried, of: first.group)
        #expect((0..<3).map(seen.contains) == [false, false, true])
    }

    @Test func `a successor has the counts of open connections`() throws {
        let first = try registered(["tcp://127.0.0.1:1"])
        guard case .member(0) = first.group.choose(ticket: 1, source: 1, tried: MemberSet(), at: 0) else {
            Issue.record("there is one")
            return
        }
        let second = try registered(["tcp://127.0.0.1:2", "tcp://127.0.0.1:1"], following: first)
        #expect(second.group.members.map(\.upstream.active.value) == [0, 1])
        first.group.leave(0)
        #expect(second.group.members.map(\.upstream.active.value) == [0, 0])
    }
}
