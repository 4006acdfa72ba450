// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Records
import TOML
import TestSupport
import Testing

@testable import Relaying
@testable import Services

/// A group of which failures of connections have ejected every upstream: a connection is tried on the one that is due first.
@Suite struct EjectedGroupTests {
    typealias State = Balancer.EjectedState

    private static let free = State(due: 5, active: 0, limit: nil)

    /// The members as they are, those that were tried, and the choice.
    private static let rows: [(states: [State], tried: [Int], choice: Balancer.Choice)] = [
        ([], [], .noneAvailable),
        ([free], [], .member(0)),
        ([free], [0], .noneAvailable),
        ([State(due: 9, active: 0, limit: nil), State(due: 8, active: 0, limit: nil)], [], .member(1)),
        ([State(due: 9, active: 0, limit: nil), State(due: 8, active: 0, limit: nil)], [1], .member(0)),
        // The first in the order of the configuration, of those due at one time.
        ([free, free], [], .member(0)),
        // Checks keep it down.
        ([State(due: nil, active: 0, limit: nil)], [], .noneAvailable),
        ([State(due: nil, active: 0, limit: nil), free], [], .member(1)),
        // At its limit, it is waited for, unless another can be had.
        ([State(due: 1, active: 3, limit: 3)], [], .allBusy),
        ([State(due: 1, active: 3, limit: 3)], [0], .noneAvailable),
        ([State(due: 1, active: 3, limit: 3), free], [], .member(1)),
        ([State(due: 1, active: 2, limit: 3), free], [], .member(0)),
        ([State(due: nil, active: 3, limit: 3)], [], .noneAvailable),
    ]

    @Test(arguments: rows)
    func `the member due first is chosen`(row: (states: [State], tried: [Int], choice: Balancer.Choice)) {
        for isBackup in [false, true] {
            let members = row.states.map { _ in Balancer.Member(weight: 1, isBackup: isBackup, key: []) }
            let balancer = Balancer(method: .roundRobin, members: members)
            var tried = MemberSet()
            for index in row.tried { tried.insert(index) }
            #expect(balancer.chooseDueFirst(tried: tried) { row.states[$0] } == row.choice)
        }
    }

    @Test func `weight 0 is never tried, and a backup when it is due first`() {
        let members = [
            Balancer.Member(weight: 0, isBackup: false, key: [1]), .init(weight: 1, isBackup: false, key: [2]),
            .init(weight: 1, isBackup: true, key: [3]),
        ]
        let balancer = Balancer(method: .first, members: members)
        for (due, choice) in [([1, 3, 2], 2), ([1, 2, 3], 1)] as [([UInt64], Int)] {
            let found = balancer.chooseDueFirst(tried: MemberSet()) { State(due: due[$0], active: 0, limit: nil) }
            #expect(found == .member(choice))
        }
    }

    /// Against a naive model: sort all that may be tried, take the first.
    @Test func `random groups: the choice agrees with a simple model`() {
        var random = SplitMix(seed: 7)
        for _ in 0..<3000 {
            let count = Int.random(in: 0...6, using: &random)
            let members = (0..<count).map { index in
                Balancer.Member(
                    weight: Int.random(in: 0...2, using: &random), isBackup: Bool.random(using: &random),
                    key: [UInt8(index)])
            }
            let states = (0..<count).map { _ in
                State(
                    due: Int.random(in: 0...4, using: &random) == 0 ? nil : UInt64.random(in: 0...3, using: &random),
                    active: Int.random(in: 0...2, using: &random),
                    limit: [nil, 1, 2].randomElement(using: &random) ?? nil)
            }
            var tried = MemberSet()
            for index in 0..<count where Int.random(in: 0...3, using: &random) == 0 { tried.insert(index) }

            let candidates = (0..<count).filter {
                !tried.contains($0) && members[$0].weight > 0 && states[$0].due != nil
            }
            let free = candidates.filter { states[$0].active < states[$0].limit ?? .max }
            let first = free.min { (states[$0].due ?? 0, $0) < (states[$1].due ?? 0, $1) }
            let wanted: Balancer.Choice = first.map { .member($0) } ?? (candidates.isEmpty ? .noneAvailable : .allBusy)
            let balancer = Balancer(method: .leastConnections, members: members)
            #expect(balancer.chooseDueFirst(tried: tried) { states[$0] } == wanted)
        }
    }

    // MARK: - The group

    private func group(_ upstreams: [String], _ change: (inout ForwardSettings) -> Void = { _ in }) throws
        -> UpstreamGroup
    {
        let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
        var settings = ForwardSettings(
            upstreams: try upstreams.map { UpstreamSettings(endpoint: try Endpoint(parsing: $0), origin: origin) })
        change(&settings)
        return UpstreamGroup(settings, label: ListenerLabel(name: "front", service: "forward"), following: nil)
    }

    /// The member that a connection gets at a time; nil for none.
    private func member(of group: UpstreamGroup, tried: [Int] = [], at now: UInt64, orEjected: Bool = true) -> Int? {
        var set = MemberSet()
        for index in tried { set.insert(index) }
        let choice = group.choose(ticket: 1, source: 1, tried: set, at: now, orEjected: orEjected)
        guard case .member(let index) = choice else { return nil }
        group.leave(index)
        return index
    }

    private func eject(_ index: Int, of group: UpstreamGroup, at now: UInt64) {
        for _ in 0..<3 { _ = group.members[index].upstream.connectFailed(startedAt: now, at: now, errno: 111) }
    }

    @Test func `every connection tries an only upstream, until the first success`() throws {
        let group = try group(["tcp://127.0.0.1:1"])
        let upstream = group.members[0].upstream
        eject(0, of: group, at: 100)
        #expect(!upstream.isAvailable(at: 101))
        for now in 101...110 as ClosedRange<UInt64> {
            #expect(member(of: group, at: now) == 0)
            #expect(member(of: group, at: now, orEjected: false) == nil)
            #expect(member(of: group, tried: [0], at: now) == nil)
            _ = upstream.connectFailed(startedAt: now, at: now, errno: 111)
        }
        #expect(upstream.connectSucceeded(startedAt: 111, at: 112) != nil)
        #expect(upstream.isAvailable(at: 112))
    }

    /// The one that failed longest ago comes next.
    @Test func `ejected upstreams are tried in turn, and none while another is up`() throws {
        let group = try group(["tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "tcp://127.0.0.1:3"])
        for index in 0..<3 { eject(index, of: group, at: 100 + UInt64(index)) }
        var order: [Int] = []
        for now in 200..<206 as Range<UInt64> {
            let index = try #require(member(of: group, at: now))
            order.append(index)
            _ = group.members[index].upstream.connectFailed(startedAt: now, at: now, errno: 111)
        }
        #expect(order == [0, 1, 2, 0, 1, 2])
        _ = group.members[1].upstream.connectSucceeded(startedAt: 300, at: 300)
        for now in 301..<310 as Range<UInt64> { #expect(member(of: group, at: now) == 1) }
    }

    @Test func `during the trial of the only upstream other connections try it too`() throws {
        let group = try group(["tcp://127.0.0.1:1"])
        eject(0, of: group, at: 100)
        let later: UInt64 = 2_000_000_000
        for _ in 0..<3 { #expect(member(of: group, at: later) == 0) }
    }

    @Test func `an upstream that checks keep down is not tried`() throws {
        let group = try group(["tcp://127.0.0.1:1"]) { $0.health = HealthSettings(rise: 1, fall: 1) }
        _ = group.members[0].upstream.checkFailed(.closed, at: 100)
        #expect(member(of: group, at: 200) == nil)
    }

    @Test func `with eject = false an upstream is never ejected`() throws {
        let group = try group(["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"]) {
            $0.eject = nil
            $0.balance = .first
        }
        for now in 1...20 as ClosedRange<UInt64> { eject(0, of: group, at: now) }
        #expect(member(of: group, at: 30, orEjected: false) == 0)
    }

    @Test func `the values of eject are in force`() throws {
        let group = try group(["tcp://127.0.0.1:1"]) {
            $0.eject = EjectionSettings(
                failures: 1, window: .seconds(1), first: .milliseconds(20), longest: .milliseconds(30))
        }
        let upstream = group.members[0].upstream
        _ = upstream.connectFailed(startedAt: 0, at: 0, errno: 111)
        #expect(upstream.dueTime == 20_000_000)
        #expect(upstream.claimAttempt(at: 20_000_000))
        _ = upstream.connectFailed(startedAt: 20_000_000, at: 20_000_000, errno: 111)
        #expect(upstream.dueTime == 50_000_000)
    }
}
