// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Relaying

/// What holds for each method.
@Suite struct BalancerTests {
    typealias State = Balancer.MemberState
    typealias Choice = Balancer.Choice

    /// How a member may be, in one letter: upper case for a backup.
    private static func member(_ letter: Character) -> (Balancer.Member, State, isTried: Bool) {
        let lower = Character(letter.lowercased())
        let member = Balancer.Member(weight: lower == "z" ? 0 : 2, isBackup: letter != lower, key: [])
        let state =
            switch lower {
            case "d": State(isAvailable: false, active: 0, limit: nil)
            case "b": State(isAvailable: true, active: 7, limit: 7)
            case "n": State(isAvailable: true, active: 0, limit: 0)
            default: State(isAvailable: true, active: 6, limit: 7)
            }
        return (member, state, lower == "t")
    }

    /// Free, Down, Busy, Never (limit 0), Tried, Zero weight.
    private static let rows: [(members: String, choice: Choice)] = [
        ("", .noneAvailable),
        ("f", .member(0)),
        ("d", .noneAvailable),
        ("z", .noneAvailable),
        ("t", .noneAvailable),
        ("b", .allBusy),
        ("n", .allBusy),
        ("dzt", .noneAvailable),
        ("dztb", .allBusy),
        ("dbztf", .member(4)),
        ("fdbzt", .member(0)),
        // A backup waits until nobody else is left.
        ("fF", .member(0)),
        ("Ff", .member(1)),
        ("bF", .allBusy),
        ("dF", .member(1)),
        ("zF", .member(1)),
        ("tF", .member(1)),
        ("dztF", .member(3)),
        ("dztbF", .allBusy),
        ("dB", .allBusy),
        ("dD", .noneAvailable),
        ("F", .member(0)),
        ("FZTDB", .member(0)),
        ("DBTFZ", .member(3)),
        ("dDBTZ", .allBusy),
    ]

    @Test(arguments: rows, BalanceMethod.allCases)
    func `only available members are chosen`(row: (members: String, choice: Choice), method: BalanceMethod) {
        let members = row.members.map(Self.member)
        var pool = BalancerPool(method, members.map(\.0))
        pool.states = members.map(\.1)
        var tried = MemberSet()
        for (index, member) in members.enumerated() where member.isTried { tried.insert(index) }
        for connection in 0..<20 { #expect(pool.choose(connection, tried: tried) == row.choice) }
    }

    @Test(arguments: BalanceMethod.allCases)
    func `tries each member once, backups last`(method: BalanceMethod) {
        let members = (0..<100).map { Balancer.Member(weight: 1 + $0 % 5, isBackup: $0 % 3 == 0, key: key($0)) }
        let pool = BalancerPool(method, members)
        for connection in 0..<10 {
            var tried = MemberSet()
            var order: [Int] = []
            while let index = pool.member(connection, tried: tried) {
                order.append(index)
                tried.insert(index)
            }
            #expect(order.sorted() == Array(0..<100))
            #expect(order.map { members[$0].isBackup } == order.map { members[$0].isBackup }.sorted { !$0 && $1 })
        }
    }

    /// Weights that leave no remainder.
    @Test(arguments: [.leastConnections, .roundRobin, .random, .sourceHash] as [BalanceMethod])
    func `shares follow the weights`(method: BalanceMethod) {
        let weights = [1, 2, 3, 0, 4, 10]
        let shares = BalancerPool(method, weights: weights).shares(of: 20_000)
        // Of the two that `random` draws it takes the first one when both have no connection.
        let exact = method == .leastConnections || method == .roundRobin
        #expect(areClose(shares, to: weights.map { Double($0) * 1000 }, percent: exact ? 0 : 6), "\(shares)")
    }

    @Test(arguments: [.leastConnections, .roundRobin, .random, .sourceHash] as [BalanceMethod])
    func `the share of a lost member is distributed by weight`(method: BalanceMethod) {
        let weights = [4, 3, 2, 1, 5, 5]
        for lost in [[0], [4], [0, 4], [2, 3], [1, 2, 3, 4]] {
            var pool = BalancerPool(method, weights: weights)
            for index in lost { pool.states[index].isAvailable = false }
            let left = weights.enumerated().map { lost.contains($0) ? 0 : $1 }
            let whole = Double(left.reduce(0, +))
            let shares = pool.shares(of: 20_000)
            let exact = method == .leastConnections || method == .roundRobin
            #expect(
                areClose(shares, to: left.map { Double($0) * 20_000 / whole }, percent: exact ? 0.5 : 8),
                "\(lost) \(shares)")
        }
    }

    @Test(arguments: BalanceMethod.allCases)
    func `backups get shares as if alone`(method: BalanceMethod) {
        let backups = (0..<4).map { Balancer.Member(weight: 1 + $0, isBackup: true, key: key($0)) }
        let regulars = (4..<7).map { Balancer.Member(weight: 3, isBackup: false, key: key($0)) }
        var pool = BalancerPool(method, backups + regulars)
        for index in 4..<7 { pool.states[index].isAvailable = false }
        let alone = BalancerPool(method, backups)
        for connection in 0..<200 { #expect(pool.choose(connection) == alone.choose(connection)) }
    }

    /// Members may go and come, as other lanes see to it, between two questions within one choice.
    @Test(arguments: BalanceMethod.allCases)
    func `states that change during a choice are handled`(method: BalanceMethod) {
        let balancer = BalancerPool(method, weights: [1, 2, 3]).balancer
        var mistakes: [String] = []
        for answers in 0..<(1 << 10) {
            for ticket in [0, 1, 5] as [UInt64] {
                var asked = 0
                var seenFree: Set<Int> = []
                let choice = balancer.choose(ticket: ticket, random: 7, source: 7, tried: MemberSet()) { index in
                    defer { asked += 1 }
                    let isFree = answers >> (asked % 10) & 1 == 1
                    if isFree { seenFree.insert(index) }
                    return State(isAvailable: isFree, active: answers & asked, limit: nil)
                }
                let isGood =
                    switch choice {
                    case .member(let index): seenFree.contains(index)
                    case .allBusy, .withdrawn: false
                    case .noneAvailable: seenFree.isEmpty
                    }
                if !isGood || asked > 10 {
                    mistakes.append("\(answers), \(ticket): \(choice) of \(seenFree), \(asked)")
                }
            }
        }
        #expect(mistakes.isEmpty)
    }
}
