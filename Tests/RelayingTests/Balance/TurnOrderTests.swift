// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Relaying

@Suite struct TurnOrderTests {
    @Test(arguments: [
        ([1], [0]),
        ([256], [0]),
        ([1, 1, 1], [0, 1, 2]),
        ([6, 6], [0, 1]),
        ([2, 1], [0, 1, 0]),
        ([1, 2], [1, 0, 1]),
        ([5, 1, 1], [0, 1, 0, 0, 0, 2, 0]),
        ([3, 3, 3, 1], [0, 1, 2, 0, 1, 3, 2, 0, 1, 2]),
        ([], []),
    ])
    func `a round has each member as often as its weight`(weights: [Int], round: [Int]) {
        #expect(TurnOrder(weights: weights).round == round)
    }

    @Test func `the order repeats`() {
        let order = TurnOrder(weights: [2, 1])
        #expect([0, 1, 2, 3, 4, 5].map { order[$0] } == [0, 1, 0, 0, 1, 0])
        #expect(order[.max] == order.round[Int(UInt64.max % 3)])
    }

    /// After any number of turns each has had its share of them, give and take less than two.
    @Test(arguments: 0..<40) func `the turns of a member are spread over the round`(seed: Int) {
        let count = 1 + seed % 8
        let weights = (0..<count).map { 1 + Int(StableHash.hash(UInt64(seed), UInt64($0)) % (seed < 20 ? 10 : 256)) }
        let whole = Double(weights.reduce(0, +))
        let round = TurnOrder(weights: weights).round
        var turns = weights.map { _ in 0 }
        var worst = 0.0
        for (number, member) in round.enumerated() {
            turns[member] += 1
            for index in turns.indices {
                worst = max(worst, abs(Double(turns[index]) - Double(weights[index] * (number + 1)) / whole))
            }
        }
        #expect(worst < 2, "\(weights)")
        #expect(zip(turns, weights).allSatisfy { Double($0) * whole == Double($1) * Double(round.count) })
    }

    @Test func `the order of many members is built quickly`() {
        let weights = (0..<1000).map { [255, 256, 1, 100][$0 % 4] }
        #expect(TurnOrder(weights: weights).round.count == weights.reduce(0, +))
    }
}
