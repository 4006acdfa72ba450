// SPDX-License-Identifier: Apache-2.0

/// The members that one choice is made from: all regular ones of a balancer, or all its backups.
///
/// Each balance method is one function. Its `load` returns how many connections the member with an index has, or nil if that
/// member cannot get this connection: it is down, at its limit, or already tried.
///
/// Concurrency: immutable; shared by all lanes.
package final class BalanceTier: Sendable {
    /// A member that may be chosen.
    package struct Candidate: Sendable {
        /// Its index in the configuration.
        package var index: Int
        /// Its share relative to the others: positive.
        package var weight: Int
        /// The hash of its key; unique within the balancer.
        package var hash: UInt64
    }

    /// In the order of the configuration.
    package let candidates: [Candidate]

    /// The order of turns; nil for methods that do not use turns.
    private let turns: TurnOrder?

    /// Takes the candidates, and computes the order of turns if `takesTurns`.
    package init(_ candidates: [Candidate], takesTurns: Bool) {
        self.candidates = candidates
        turns = takesTurns && !candidates.isEmpty ? TurnOrder(weights: candidates.map(\.weight)) : nil
    }

    /// Whether there is one candidate, so that every method chooses the same.
    package var isOfOne: Bool { candidates.count == 1 }

    /// `first`: the first one that can get the connection.
    package func first(load: (Int) -> Int?) -> Int? {
        candidates.first { load($0.index) != nil }?.index
    }

    /// `source-hash`: the member with the lowest score for the source (``Rendezvous``).
    package func best(for source: UInt64, load: (Int) -> Int?) -> Int? {
        var best: (index: Int, score: Double)?
        for candidate in candidates where load(candidate.index) != nil {
            let score = candidate.score(for: source)
            if let best, best.score <= score { continue }
            best = (candidate.index, score)
        }
        return best?.index
    }

    /// `random`: draws two by weight and takes the less loaded one.
    ///
    /// See Mitzenmacher, "The power of two choices".
    package func betterOfTwo(random: UInt64, load: (Int) -> Int?) -> Int? {
        // The two lowest scores for a random source are a weighted draw of two without replacement.
        var first: (candidate: Candidate, score: Double, load: Int)?
        var second: (candidate: Candidate, score: Double, load: Int)?
        for candidate in candidates {
            guard let load = load(candidate.index) else { continue }
            let drawn = (candidate: candidate, score: candidate.score(for: random), load: load)
            if first.map({ drawn.score < $0.score }) ?? true {
                second = first
                first = drawn
            } else if second.map({ drawn.score < $0.score }) ?? true {
                second = drawn
            }
        }
        guard let first, let second else { return first?.candidate.index }
        let secondIsBetter = second.load * first.candidate.weight < first.load * second.candidate.weight
        return secondIsBetter ? second.candidate.index : first.candidate.index
    }

    /// `round-robin`: the member whose turn it is.
    ///
    /// If it cannot get the connection, one of the others gets its turn.
    package func next(ticket: UInt64, load: (Int) -> Int?) -> Int? {
        guard let turns else { return nil }
        let candidate = candidates[turns[ticket]]
        if load(candidate.index) != nil { return candidate.index }
        return reassign(ticket, turns) { load($0.index) != nil }
    }

    /// `least-connections`: the member with the fewest connections relative to its weight.
    ///
    /// Among several with the same load the turn decides. If the member whose turn it is is not among them, one of them gets
    /// its turn.
    package func leastLoaded(ticket: UInt64, load: (Int) -> Int?) -> Int? {
        guard let turns else { return nil }
        let preferred = turns[ticket]
        var least: (place: Int, load: Int, weight: Int)?
        var isTie = false
        for (place, candidate) in candidates.enumerated() {
            guard let load = load(candidate.index) else { continue }
            guard let other = least else {
                least = (place, load, candidate.weight)
                continue
            }
            // Compares load / weight in integers.
            let mine = load * other.weight
            let others = other.load * candidate.weight
            if mine < others || mine == others && place == preferred {
                isTie = mine == others
                least = (place, load, candidate.weight)
            } else if mine == others {
                isTie = true
            }
        }
        guard let least else { return nil }
        guard isTie, least.place != preferred else { return candidates[least.place].index }
        return reassign(ticket, turns) { candidate in
            load(candidate.index).map { $0 * least.weight <= least.load * candidate.weight } ?? false
        } ?? candidates[least.place].index
    }

    /// Gives a turn that its member cannot take to another one, by weight.
    ///
    /// Each turn comes once a round, so the number of the round numbers the lost turns of a member. Multiples of the golden
    /// ratio spread them evenly over the others, however many there are. The starting point differs for each turn of a
    /// round; otherwise all lost turns of a round would go to the same member.
    private func reassign(_ ticket: UInt64, _ turns: TurnOrder, among isEligible: (Candidate) -> Bool) -> Int? {
        let length = UInt64(turns.round.count)
        let point = (ticket / length) &* StableHash.golden &+ StableHash.mix(ticket % length)
        var total = 0
        var chosen: Int?
        for candidate in candidates where isEligible(candidate) {
            total += candidate.weight
            chosen = candidate.index
        }
        var left = Int(point.multipliedFullWidth(by: UInt64(total)).high)
        for candidate in candidates where isEligible(candidate) {
            chosen = candidate.index
            left -= candidate.weight
            if left < 0 { break }
        }
        // `load` may return nil for more members than in the first loop; then the last member seen gets the turn.
        return chosen
    }
}

extension BalanceTier.Candidate {
    fileprivate func score(for source: UInt64) -> Double {
        Rendezvous.score(source: source, member: hash, weight: weight)
    }
}
