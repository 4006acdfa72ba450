// SPDX-License-Identifier: Apache-2.0

/// Members that stand in for each other: all regular ones of a balancer, or all its backups. Each method is a function.
///
/// `load` says how many connections the member with an index has; nil if it cannot get this one.
///
/// Concurrency: immutable; shared by all lanes.
package final class BalanceTier: Sendable {
    /// A member that may be chosen.
    package struct Candidate: Sendable {
        /// Its place in the configuration.
        package var index: Int
        /// How much it gets compared to the others: positive.
        package var weight: Int
        /// The hash of its key, which no other has.
        package var hash: UInt64
    }

    /// In the order of the configuration.
    package let candidates: [Candidate]

    /// Whose turn it is; nil for methods that know no turns.
    private let turns: TurnOrder?

    /// Takes the candidates, and works the turns out if they are wanted.
    package init(_ candidates: [Candidate], takesTurns: Bool) {
        self.candidates = candidates
        turns = takesTurns && !candidates.isEmpty ? TurnOrder(weights: candidates.map(\.weight)) : nil
    }

    /// Whether there is no choice, so that every method gives the same.
    package var isOfOne: Bool { candidates.count == 1 }

    /// `first`: the first that can be had.
    package func first(load: (Int) -> Int?) -> Int? {
        candidates.first { load($0.index) != nil }?.index
    }

    /// `source-hash`: the one with the best lot for the source.
    package func best(for source: UInt64, load: (Int) -> Int?) -> Int? {
        var best: (index: Int, lot: Double)?
        for candidate in candidates where load(candidate.index) != nil {
            let lot = candidate.lot(for: source)
            if let best, best.lot <= lot { continue }
            best = (candidate.index, lot)
        }
        return best?.index
    }

    /// `random`: two are drawn by weight, and the less loaded one is taken (Mitzenmacher, "The power of two choices").
    package func betterOfTwo(random: UInt64, load: (Int) -> Int?) -> Int? {
        // The two best lots for a random source are a draw of two without putting back.
        var first: (candidate: Candidate, lot: Double, load: Int)?
        var second: (candidate: Candidate, lot: Double, load: Int)?
        for candidate in candidates {
            guard let load = load(candidate.index) else { continue }
            let drawn = (candidate: candidate, lot: candidate.lot(for: random), load: load)
            if first.map({ drawn.lot < $0.lot }) ?? true {
                second = first
                first = drawn
            } else if second.map({ drawn.lot < $0.lot }) ?? true {
                second = drawn
            }
        }
        guard let first, let second else { return first?.candidate.index }
        let secondIsBetter = second.load * first.candidate.weight < first.load * second.candidate.weight
        return secondIsBetter ? second.candidate.index : first.candidate.index
    }

    /// `round-robin`: the one whose turn it is; if it cannot be had, its turn is dealt to the others.
    package func next(ticket: UInt64, load: (Int) -> Int?) -> Int? {
        guard let turns else { return nil }
        let candidate = candidates[turns[ticket]]
        if load(candidate.index) != nil { return candidate.index }
        return deal(ticket, turns) { load($0.index) != nil }
    }

    /// `least-connections`: the one with the fewest connections for its weight. If they are several, it is the one whose
    /// turn it is; if that is not among them, its turn is dealt to them.
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
            // load / weight < other.load / other.weight, in whole numbers.
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
        return deal(ticket, turns) { candidate in
            load(candidate.index).map { $0 * least.weight <= least.load * candidate.weight } ?? false
        } ?? candidates[least.place].index
    }

    /// Gives a turn that its owner cannot take to one of the others, by weight.
    ///
    /// A turn comes once a round, so each owner's lost turns are numbered by the rounds. Multiples of the golden ratio
    /// spread them over the others as evenly as any sequence can that does not know how many there are; where they start
    /// is different for each turn of a round, or all of them would go to the same one.
    private func deal(_ ticket: UInt64, _ turns: TurnOrder, among mayHave: (Candidate) -> Bool) -> Int? {
        let length = UInt64(turns.round.count)
        let point = (ticket / length) &* StableHash.golden &+ StableHash.mix(ticket % length)
        var total = 0
        var chosen: Int?
        for candidate in candidates where mayHave(candidate) {
            total += candidate.weight
            chosen = candidate.index
        }
        var left = Int(point.multipliedFullWidth(by: UInt64(total)).high)
        for candidate in candidates where mayHave(candidate) {
            chosen = candidate.index
            left -= candidate.weight
            if left < 0 { break }
        }
        // Whoever was seen last, should they have become fewer meanwhile.
        return chosen
    }
}

extension BalanceTier.Candidate {
    fileprivate func lot(for source: UInt64) -> Double {
        Rendezvous.lot(source: source, member: hash, weight: weight)
    }
}
