// SPDX-License-Identifier: Apache-2.0

/// The order of turns in smooth weighted round-robin, as in nginx.
///
/// In one round each member has as many turns as its weight, after all weights were divided by their greatest common
/// divisor. A round is computed once. A turn is then looked up by its number, so the only state that lanes share is a
/// counter.
package struct TurnOrder: Sendable {
    /// The members of one round, as indices into the weights.
    package let round: [Int]

    /// Computes the round for positive weights.
    ///
    /// In each step the balance of every member grows by its weight; the member with the largest balance gets the turn, and
    /// the sum of all weights is subtracted from its balance. Members of the same weight form one group and take turns
    /// within it, so the cost is (length of the round) × (number of different weights).
    package init(weights: [Int]) {
        var groups: [WeightGroup] = []
        for (member, weight) in weights.enumerated() {
            if let index = groups.firstIndex(where: { $0.weight == weight }) {
                groups[index].members.append(member)
            } else {
                groups.append(WeightGroup(weight: weight, members: [member]))
            }
        }
        let divisor = weights.reduce(0, Self.greatestDivisor)
        let length = divisor == 0 ? 0 : weights.reduce(0, +) / divisor
        for index in groups.indices {
            groups[index].gain = groups[index].weight / divisor * groups[index].members.count
        }
        var round: [Int] = []
        round.reserveCapacity(length)
        while round.count < length {
            var largest = 0
            for index in groups.indices {
                groups[index].balance += groups[index].gain
                if groups[index].balance > groups[largest].balance { largest = index }
            }
            groups[largest].balance -= length
            round.append(groups[largest].takeTurn())
        }
        self.round = round
    }

    /// The member that has the turn with this number.
    ///
    /// - Precondition: there was at least one weight.
    package subscript(turn: UInt64) -> Int {
        round[Int(turn % UInt64(round.count))]
    }

    private struct WeightGroup {
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
