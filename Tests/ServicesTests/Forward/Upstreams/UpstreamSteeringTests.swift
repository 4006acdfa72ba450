// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Records
import TOML
import Testing

@testable import Relaying
@testable import Services

/// What operators set for the upstreams of a listener, over reloads.
@Suite struct UpstreamSteeringTests {
    private static let (a, b) = ("tcp://127.0.0.1:1", "tcp://127.0.0.1:2")

    private func service(
        _ upstreams: [String], following previous: ActiveService? = nil,
        _ change: (inout ForwardSettings) -> Void = { _ in }
    ) throws -> ActiveService {
        let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
        var settings = ForwardSettings(
            upstreams: try upstreams.map { UpstreamSettings(endpoint: try Endpoint(parsing: $0), origin: origin) })
        settings.balance = .first
        change(&settings)
        let registration = UpstreamRegistration(
            settings, label: ListenerLabel(name: "front", service: "forward"), following: previous?.upstreams)
        return ActiveService(registration) { ForwardService(registration.group) }
    }

    /// The index of the member that a connection gets, which ends at once.
    private func choice(of service: ActiveService) throws -> Int? {
        let group = try #require(service.upstreams?.group)
        guard case .member(let index) = group.choose(ticket: 0, source: 0, tried: MemberSet(), at: 1) else {
            return nil
        }
        group.leave(index)
        return index
    }

    private func isWithdrawn(_ service: ActiveService) throws -> Bool {
        let group = try #require(service.upstreams?.group)
        if case .withdrawn = group.choose(ticket: 0, source: 0, tried: MemberSet(), at: 1) { return true }
        return false
    }

    @Test func `a drained upstream is not chosen, and an enabled one is again`() throws {
        let service = try service([Self.a, Self.b])
        #expect(try choice(of: service) == 0)
        #expect(service.setUpstream(Self.a, state: .draining, weight: nil))
        #expect(try choice(of: service) == 1)
        #expect(service.upstreamCounts.map { [$0.all, $0.down, $0.withdrawn] } == [2, 0, 1])
        #expect(service.setUpstream("127.0.0.1:2", state: .disabled, weight: nil))
        #expect(try choice(of: service) == nil)
        #expect(try isWithdrawn(service))
        #expect(service.upstreamStatus.map(\.withdrawal) == [.draining, .disabled])
        #expect(service.setUpstream(Self.a, state: .enabled, weight: nil))
        #expect(try choice(of: service) == 0)
        #expect(service.upstreamStatus.map(\.withdrawal) == [nil, .disabled])
    }

    @Test func `a weight is shown beside that of the configuration, and reset brings it back`() throws {
        let service = try service([Self.a, Self.b]) { $0.upstreams[0].weight = 3 }
        #expect(service.setUpstream(Self.a, state: nil, weight: 0))
        #expect(try choice(of: service) == 1)
        #expect(service.upstreamStatus.map(\.weight) == [0, 1])
        #expect(service.upstreamStatus.map(\.configuredWeight) == [3, nil])
        #expect(service.setUpstream(Self.a, state: nil, weight: 256))
        #expect(try choice(of: service) == 0)
        #expect(service.setUpstream(Self.b, state: .draining, weight: nil))
        #expect(service.resetUpstreams(Self.a) == 1 && service.resetUpstreams(Self.a) == 0)
        #expect(service.upstreamStatus.map(\.weight) == [3, 1])
        #expect(service.resetUpstreams(nil) == 1 && service.resetUpstreams(nil) == 0)
        #expect(service.upstreamStatus.allSatisfy { $0.withdrawal == nil && $0.configuredWeight == nil })
    }

    @Test func `an upstream that is listed twice is steered as one`() throws {
        let service = try service([Self.a, Self.b, Self.a])
        #expect(service.setUpstream(Self.a, state: .draining, weight: 4))
        #expect(service.upstreamStatus.map(\.withdrawal) == [.draining, nil, .draining])
        #expect(service.upstreamStatus.map(\.weight) == [4, 1, 4])
        #expect(try choice(of: service) == 1)
        #expect(service.resetUpstreams(nil) == 1)
    }

    @Test func `an unknown upstream changes nothing`() throws {
        let service = try service([Self.a])
        for name in ["tcp://127.0.0.1:3", "127.0.0.1", "", "://127.0.0.1:1"] {
            #expect(!service.setUpstream(name, state: .draining, weight: nil))
            #expect(service.resetUpstreams(name) == nil)
        }
        #expect(try choice(of: service) == 0)
        let echo = ActiveService { fatalError("is not made") }
        #expect(!echo.setUpstream(Self.a, state: .draining, weight: nil) && echo.resetUpstreams(nil) == 0)
    }

    @Test(arguments: [
        ("tcp://a:1", [0]), ("a:1", [0]), ("unix:///p", [1]), ("/p", []), ("b:2", [3, 4]), ("x", []), ("", []),
    ])
    func `an address may lack its scheme unless that is ambiguous`(text: String, found: [Int]) {
        let addresses = ["tcp://a:1", "unix:///p", "unix-seqpacket:///p", "tcp://b:2", "tcp://b:2"]
        #expect(UpstreamName.find(text, in: addresses) == found)
    }

    @Test func `what is set outlives a reload, for old and new connections alike`() throws {
        let old = try service([Self.a, Self.b])
        #expect(old.setUpstream(Self.a, state: .draining, weight: nil))
        let new = try service([Self.b, Self.a], following: old)
        #expect(old.dropOverrides(missingIn: new) == [])
        #expect(try choice(of: new) == 0 && choice(of: old) == 1)
        #expect(new.setUpstream(Self.b, state: .draining, weight: nil))
        #expect(try isWithdrawn(new) && isWithdrawn(old))
        #expect(new.resetUpstreams(nil) == 2)
        #expect(try choice(of: new) == 0 && choice(of: old) == 0)
    }

    @Test func `what is set for an upstream that a reload removes is dropped`() throws {
        let first = try service([Self.a, Self.b])
        #expect(first.setUpstream(Self.a, state: .draining, weight: 9))
        let second = try service([Self.b], following: first)
        #expect(first.dropOverrides(missingIn: second) == [Self.a])
        let third = try service([Self.a, Self.b], following: second)
        #expect(second.dropOverrides(missingIn: third) == [])
        #expect(third.upstreamStatus.map(\.withdrawal) == [nil, nil] && third.upstreamStatus.map(\.weight) == [1, 1])
        #expect(try choice(of: third) == 0)
        #expect(third.setUpstream(Self.b, state: .disabled, weight: nil))
        #expect(third.dropOverrides(missingIn: nil) == [Self.b])
    }
}
