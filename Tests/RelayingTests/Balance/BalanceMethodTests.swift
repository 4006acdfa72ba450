// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Relaying

/// What holds for one method each.
@Suite struct BalanceMethodTests {
    @Test func `first uses the order of the list`() {
        var pool = BalancerPool(.first, weights: [1, 256, 5])
        #expect(pool.shares(of: 10) == [10, 0, 0])
        pool.states[0].isAvailable = false
        #expect(pool.shares(of: 10) == [0, 10, 0])
        pool.states[1].limit = 0
        #expect(pool.shares(of: 10) == [0, 0, 10])
        pool.states[0].isAvailable = true
        #expect(pool.shares(of: 10) == [10, 0, 0])
    }

    @Test func `round-robin uses each in turn`() {
        let pool = BalancerPool(.roundRobin, weights: [7, 7, 7])
        #expect((0..<9).compactMap { pool.member($0) } == [0, 1, 2, 0, 1, 2, 0, 1, 2])
    }

    /// The turns of a lost member do not come in bursts either.
    @Test(arguments: [3, 5, 8, 13, 21, 89]) func `round-robin distributes lost turns evenly`(count: Int) {
        var pool = BalancerPool(.roundRobin, weights: Array(repeating: 1, count: count))
        pool.states[count - 1].isAvailable = false
        for start in stride(from: 0, to: 20_000, by: 1000) {
            var shares = Array(repeating: 0, count: count)
            for connection in start..<start + 20 * count {
                if let index = pool.member(connection) { shares[index] += 1 }
            }
            // 20 turns of their own and 20 / (count - 1) of the lost ones, give and take two.
            let extra = 20.0 / Double(count - 1)
            #expect(shares.dropLast().allSatisfy { abs(Double($0) - 20 - extra) <= 2.5 }, "\(start): \(shares)")
        }
    }

    /// Three of twelve are left: nine turns of each round are dealt, and one of the three must not get them all.
    @Test func `round-robin distributes the turns of several lost members in each round`() {
        var pool = BalancerPool(.roundRobin, weights: Array(repeating: 1, count: 12))
        for index in 0..<9 { pool.states[index].isAvailable = false }
        for start in stride(from: 0, to: 12_000, by: 12) {
            let round = (start..<start + 12).compactMap { pool.member($0) }
            let fullest = (9..<12).map { index in round.count { $0 == index } }.max() ?? 0
            #expect((4...8).contains(fullest), "\(start): \(round)")
        }
    }

    @Test(
        arguments: [
            ([0, 0, 0], [1, 1, 1], [0, 1, 2]),
            ([1, 0, 1], [1, 1, 1], [1]),
            ([2, 1, 3], [1, 1, 1], [1]),
            // The load is what counts, not the number.
            ([2, 1, 1], [3, 1, 1], [0]),
            ([3, 1, 2], [3, 1, 2], [0, 1, 2]),
            ([256, 1, 2], [256, 1, 1], [0, 1]),
            ([255, 1, 1], [256, 1, 1], [0]),
            ([1_000_000_000_000, 1_000_000_000_001, 1_000_000_000_000], [1, 1, 1], [0, 2]),
            ([7, 0, 0], [1, 0, 1], [2]),
        ] as [([Int], [Int], Set<Int>)])
    func `least-connections chooses the least loaded, and equal ones in turn`(
        active: [Int], weights: [Int], best: Set<Int>
    ) {
        var pool = BalancerPool(.leastConnections, weights: weights)
        for index in active.indices { pool.states[index].active = active[index] }
        #expect(Set((0..<1000).compactMap { pool.member($0) }) == best)
    }

    @Test func `least-connections distributes by weight`() {
        var pool = BalancerPool(.leastConnections, weights: [1, 2, 3, 4])
        for connection in 0..<10_000 {
            guard let index = pool.member(connection) else { break }
            pool.states[index].active += 1
            if connection % 10 == 9 {
                #expect(pool.states.map(\.active) == [1, 2, 3, 4].map { $0 * (connection / 10 + 1) })
            }
        }
    }

    /// One has a connection that stays; those of the others end before the next one comes.
    @Test func `least-connections treats equal members alike while another is busy`() {
        var pool = BalancerPool(.leastConnections, weights: [1, 1, 1, 1, 1])
        pool.states[1].active = 1
        #expect(areClose(pool.shares(of: 10_000), to: [2500, 0, 2500, 2500, 2500], percent: 0.5))
    }

    @Test func `random chooses the less loaded of two`() {
        var pool = BalancerPool(.random, weights: [1, 1, 1])
        for index in 0..<3 { pool.states[index].active = 10 * index }
        let shares = pool.shares(of: 3000)
        // Of three pairs the first is in two, the second is better in one, the third in none.
        #expect(areClose(shares, to: [2000, 1000, 0], percent: 6), "\(shares)")
    }

    @Test func `random compares by weight`() {
        var pool = BalancerPool(.random, weights: [10, 1])
        pool.states[0].active = 9
        pool.states[1].active = 1
        #expect(pool.shares(of: 100) == [100, 0])
        pool.states[0].active = 11
        #expect(pool.shares(of: 100) == [0, 100])
    }

    /// With two choices the fullest of 100 has hardly more than its share; with one it would have 20 and more.
    @Test func `random keeps the maximum load near the mean`() {
        var pool = BalancerPool(.random, weights: Array(repeating: 1, count: 100))
        for connection in 0..<1000 {
            guard let index = pool.member(connection) else { continue }
            pool.states[index].active += 1
        }
        let fullest = pool.states.map(\.active).max() ?? 0
        #expect((10...13).contains(fullest), "\(fullest)")
    }
}
