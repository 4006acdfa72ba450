// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Relaying

/// What an operator sets for an upstream, and what that means for balancing.
@Suite struct UpstreamOverrideTests {
    typealias Change = UpstreamOverride.Change

    private static func override(_ changes: Change...) -> UpstreamOverride {
        changes.reduce(UpstreamOverride()) { $0.changed(by: $1) }
    }

    @Test func `each change replaces what it names and keeps the rest`() {
        #expect(Self.override().isEmpty && Self.override(Change()).isEmpty)
        let drained = Self.override(Change(weight: 7), Change(state: .draining))
        #expect(drained.state == .draining && drained.weight == 7)
        let disabled = Self.override(Change(state: .draining), Change(state: .disabled, weight: 2))
        #expect(disabled.state == .disabled && disabled.weight == 2)
        let enabled = Self.override(Change(state: .disabled, weight: 2), Change(state: .enabled))
        #expect(enabled.state == nil && enabled.weight == 2 && !enabled.isEmpty)
        #expect(Self.override(Change(state: .draining), Change(state: .enabled)).isEmpty)
    }

    @Test(arguments: [
        (Change(), false, true), (Change(state: .draining), true, true), (Change(state: .disabled), true, false),
        (Change(weight: 0), true, true), (Change(weight: 1), false, true),
        (Change(state: .draining, weight: 9), true, true),
    ])
    func `draining, disabling and weight 0 withdraw, and disabling alone stops checks`(
        change: Change, isWithdrawn: Bool, isChecked: Bool
    ) {
        let override = Self.override(change)
        #expect(override.isWithdrawn == isWithdrawn)
        #expect(override.isChecked == isChecked)
    }

    @Test(arguments: [
        (1, Change(state: .draining), 1, true), (1, Change(weight: 0), 0, true), (1, Change(weight: 5), 5, false),
        (0, Change(weight: 5), 5, false), (0, Change(state: .draining), 0, false), (0, Change(weight: 0), 0, false),
        (0, Change(state: .disabled, weight: 5), 5, true), (3, Change(), 3, false),
    ])
    func `a member that the configuration gives nothing is not withdrawn by an operator`(
        weight: Int, change: Change, inForce: Int, isWithdrawn: Bool
    ) {
        let member = Balancer.Member(weight: weight, isBackup: true, key: key(1))
            .overridden(by: Self.override(change))
        #expect(member.weight == inForce)
        #expect(member.isWithdrawn == isWithdrawn)
        #expect(member.isBackup && member.key == key(1))
    }

    // MARK: - Balancing

    /// Members that are all available, of which some are drained.
    private func pool(_ method: BalanceMethod, _ weights: [Int], drained: Set<Int>, backups: Set<Int> = [])
        -> BalancerPool
    {
        let drain = Self.override(Change(state: .draining))
        return BalancerPool(
            method,
            weights.enumerated().map { index, weight in
                Balancer.Member(weight: weight, isBackup: backups.contains(index), key: key(index))
                    .overridden(by: drained.contains(index) ? drain : UpstreamOverride())
            })
    }

    @Test(arguments: BalanceMethod.allCases)
    func `a withdrawn member gets nothing, and the others share by weight`(method: BalanceMethod) {
        let shares = pool(method, [1, 5, 3], drained: [1]).shares(of: 4000)
        #expect(shares[1] == 0)
        if method == .first {
            #expect(shares == [4000, 0, 0])
        } else if method == .roundRobin || method == .sourceHash {
            #expect(areClose([shares[0], shares[2]], to: [1000, 3000], percent: 6), "\(shares)")
        }
        #expect(shares.reduce(0, +) == 4000)
    }

    @Test(arguments: BalanceMethod.allCases)
    func `backups serve when every regular member is withdrawn`(method: BalanceMethod) {
        let all = pool(method, [1, 1, 1, 1], drained: [0, 1], backups: [2, 3])
        for connection in 0..<20 { #expect([2, 3].contains(all.member(connection))) }
        let some = pool(method, [1, 1, 1], drained: [0], backups: [2])
        for connection in 0..<20 { #expect(some.member(connection) == 1) }
    }

    @Test func `draining moves the sources of that member only, and enabling brings them back`() {
        let before = pool(.sourceHash, [2, 2, 2, 2], drained: [])
        let drained = pool(.sourceHash, [2, 2, 2, 2], drained: [2])
        for connection in 0..<500 {
            let old = before.member(connection)
            let new = drained.member(connection)
            #expect(old == 2 ? new != 2 && new != nil : new == old)
        }
    }

    @Test func `draining one of two equal entries leaves the sources of the other`() {
        func pool(_ isDrained: Bool) -> BalancerPool {
            let drain = Self.override(Change(state: .draining))
            return BalancerPool(
                .sourceHash,
                [0, 0, 1].enumerated().map { index, name in
                    Balancer.Member(weight: 1, isBackup: false, key: key(name))
                        .overridden(by: isDrained && index == 0 ? drain : UpstreamOverride())
                })
        }
        for connection in 0..<300 {
            let old = pool(false).member(connection)
            if old != 0 { #expect(pool(true).member(connection) == old) }
        }
    }

    @Test(
        arguments: [
            ([0, 1], [], Balancer.Choice.withdrawn), ([0], [], .withdrawn), ([0], [1], .withdrawn),
            ([0], [0], .noneAvailable), ([0, 1], [0, 1], .noneAvailable), ([], [], .noneAvailable),
        ] as [([Int], [Int], Balancer.Choice)])
    func `nothing to choose is the operator's doing if an untried member is withdrawn`(
        drained: [Int], tried: [Int], choice: Balancer.Choice
    ) {
        let pool = pool(.roundRobin, [1, 1], drained: Set(drained))
        var set = MemberSet()
        for index in tried { set.insert(index) }
        // The members that are left are kept down by checks.
        let found = pool.balancer.chooseDueFirst(tried: set) { _ in Balancer.EjectedState(due: nil, active: 0) }
        #expect(found == choice)
    }

    @Test func `an ejected member is tried although another one is withdrawn, and a withdrawn one never`() {
        let pool = pool(.leastConnections, [1, 1], drained: [0])
        #expect(
            pool.balancer.chooseDueFirst(tried: MemberSet()) { Balancer.EjectedState(due: UInt64($0), active: 0) }
                == .member(1))
        let busy = pool.balancer.chooseDueFirst(tried: MemberSet()) { _ in
            Balancer.EjectedState(due: 1, active: 3, limit: 3)
        }
        #expect(busy == .allBusy)
    }
}
