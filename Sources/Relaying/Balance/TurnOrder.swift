// SPDX-License-Identifier: Apache-2.0

/// Whose turn it is when members take turns by weight: one round, in which each has as many turns as its weight says (all
/// divided by what divides them all), spread over the round as nginx spreads them.
///
/// A round is made once, so that a turn is looked up with nothing but its number and lanes share nothing but a counter.
package struct TurnOrder: Sendable {
    /// The members of one round, by their place in the weights.
    package let round: [Int]

    /// Makes the round for positive weights.
    ///
    /// In each step everyone gains its weight, the richest has the turn and pays for all. Members of the same weight are
    /// one party that takes turns inside, so the work is (length of the round) × (number of different weights).
    package init(weights: [Int]) {
        var parties: [Party] = []
        for (member, weight) in weights.enumerated() {
            if let index = parties.firstIndex(where: { $0.weight == weight }) {
                parties[index].members.append(member)
            } else {
                parties.append(Party(weight: weight, members: [member]))
            }
        }
        let divisor = weights.reduce(0, Self.greatestDivisor)
        let length = divisor == 0 ? 0 : weights.reduce(0, +) / divisor
        for index in parties.indices {
            parties[index].gain = parties[index].weight / divisor * parties[index].members.count
        }
        var round: [Int] = []
        round.reserveCapacity(length)
        while round.count < length {
            var richest = 0
            for index in parties.indices {
                parties[index].balance += parties[index].gain
                if parties[index].balance > parties[richest].balance { richest = index }
            }
            parties[richest].balance -= length
            round.append(parties[richest].takeTurn())
        }
        self.round = round
    }

    /// Whose turn the one with this number is.
    ///
    /// - Precondition: there was a weight.
    package subscript(turn: UInt64) -> Int {
        round[Int(turn % UInt64(round.count))]
    }

    private struct Party {
        let weight: Int
        var members: [Int]
        var gain = 0
        var balance = 0
        var next = 0

        mutating func takeTurn() -> Int {
            defer { next = (next + 1) % members.count }
            return members[next]
        }
    }

    private static func greatestDivisor(_ first: Int, _ second: Int) -> Int {
        second == 0 ? first : greatestDivisor(second, first % second)
    }
}
