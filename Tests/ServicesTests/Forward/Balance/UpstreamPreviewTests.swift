// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Records
import Relaying
import TOML
import TestSupport
import Testing

@testable import Services

/// What a preview says is what the next connection gets.
@Suite struct UpstreamPreviewTests {
    private func group(_ balance: BalanceMethod, _ change: (inout ForwardSettings) -> Void = { _ in }) throws
        -> UpstreamGroup
    {
        let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
        var settings = ForwardSettings(
            upstreams: try (1...5).map {
                UpstreamSettings(
                    endpoint: try Endpoint(parsing: "tcp://10.0.0.\($0):1"), weight: $0, maxConnections: 4,
                    isBackup: $0 == 5, origin: origin)
            }, balance: balance, queueLimit: 2)
        change(&settings)
        return UpstreamGroup(settings, label: ListenerLabel(name: "front", service: "forward"), following: nil)
    }

    @Test(arguments: BalanceMethod.allCases)
    func `the next connection gets the upstream of the preview, until all are full`(method: BalanceMethod) throws {
        let group = try group(method)
        var random = SplitMix(seed: 3)
        for number in 0..<60 {
            let client = SocketAddress.ipv4(IPv4Address(UInt32.random(in: 0 ... .max, using: &random)), port: 0)
            let preview = group.preview(for: client, isFlow: false, at: 100)
            #expect(preview.balance == method.rawValue && preview.dependsOnClient == (method == .sourceHash))
            let choice = group.choose(
                ticket: group.makeTicket(), source: Balancer.sourceHash(of: client, uid: nil), tried: MemberSet(),
                at: 100)
            switch choice {
            case .member(let index):
                let address = group.settings.upstreams[index].endpoint.description
                #expect(preview.choice == .upstream(address))
                // Some connections end, so that not the same ones are always full.
                if number % 3 == 0 { group.leave(index) }
            case .allBusy:
                #expect(preview.choice == .waits(behind: 0))
                #expect(group.preview(for: client, isFlow: true, at: 100).choice == .refused(.queueLimit(0)))
            default: Issue.record("an upstream is available")
            }
        }
    }

    @Test func `a preview claims nothing`() throws {
        let group = try group(.roundRobin)
        let client = SocketAddress.ipv4(.loopback, port: 0)
        let first = group.preview(for: client, isFlow: false, at: 100).choice
        for _ in 0..<10 { #expect(group.preview(for: client, isFlow: false, at: 100).choice == first) }
        #expect(group.members.allSatisfy { $0.upstream.active.value == 0 && $0.upstream.active.peak == 0 })
    }

    @Test func `an ejected upstream is tried if there is no other, and none is left if checks failed`() throws {
        let one = try group(.first) { $0.upstreams = [$0.upstreams[0]] }
        let client = SocketAddress.ipv4(.loopback, port: 0)
        for _ in 0..<3 { _ = one.members[0].upstream.connectFailed(startedAt: 1, at: 1, errno: 111) }
        #expect(one.members[0].upstream.isDown)
        #expect(one.preview(for: client, isFlow: false, at: 2).choice == .upstream("tcp://10.0.0.1:1"))
        let checked = try group(.first) {
            $0.upstreams = [$0.upstreams[0]]
            $0.health = HealthSettings()
        }
        for _ in 0..<3 { _ = checked.members[0].upstream.checkFailed(.closed, at: 1) }
        #expect(checked.preview(for: client, isFlow: false, at: 2).choice == .refused(.upstreamsDown))
    }

    @Test func `an upstream that an operator has withdrawn is not chosen, and the last one is missed`() throws {
        let group = try group(.first) { $0.upstreams = Array($0.upstreams[..<2]) }
        let client = SocketAddress.ipv4(.loopback, port: 0)
        func withdraw(_ index: Int) {
            let upstream = group.members[index].upstream
            upstream.override = upstream.override.changed(by: .init(state: .draining))
            group.followOverrides()
        }
        withdraw(0)
        #expect(group.preview(for: client, isFlow: false, at: 2).choice == .upstream("tcp://10.0.0.2:1"))
        withdraw(1)
        #expect(group.preview(for: client, isFlow: false, at: 2).choice == .refused(.upstreamsWithdrawn))
    }
}
