// SPDX-License-Identifier: Apache-2.0

/// Chooses the upstream for a connection.
///
/// What it knows never changes: the method, the weights, and what follows from them. What changes is asked for at each
/// choice, once or a few times for each member.
///
/// - A member with weight 0 is never chosen.
/// - A backup is chosen only when no other member is available. One that is at its limit is available, so the connection
///   waits for it instead (HAProxy does the same). Backups share what comes to them by the same method (HAProxy's
///   `option allbackups`). That the others were all tried for this connection, and in vain, makes it go to a backup too
///   (nginx does the same): the client is better served than with a refusal.
/// - Where no member is available that was not tried, the one is tried that is due first of those that failures of
///   connections have ejected (Envoy's panic mode does the like, and nginx where there is one server).
/// - A member that is at its limit loses its turn, whatever the method: no connection waits while another member is free.
///
/// Concurrency: immutable, for all lanes. What `state` tells may change between two of its answers; a
/// choice is then as good as what was seen.
package final class Balancer: Sendable {
    /// An upstream, as far as it is configured.
    package struct Member: Sendable {
        /// How much it gets compared to the others: 0...256; 0 takes no new connection.
        package var weight: Int
        /// Whether it gets connections only when no other member is available.
        package var isBackup: Bool
        /// The canonical text of the endpoint. It alone decides which sources are the member's, not its place.
        package var key: [UInt8]

        /// Makes one with these values.
        package init(weight: Int, isBackup: Bool, key: [UInt8]) {
            self.weight = weight
            self.isBackup = isBackup
            self.key = key
        }
    }

    /// An upstream, as it is now.
    package struct MemberState {
        /// Whether it may get a connection, apart from its limit.
        package var isAvailable: Bool
        /// The connections that it has.
        package var active: Int
        /// The connections that it may have; nil for any number.
        package var limit: Int?

        /// Makes one with these values.
        package init(isAvailable: Bool, active: Int, limit: Int? = nil) {
            self.isAvailable = isAvailable
            self.active = active
            self.limit = limit
        }
    }

    /// Who gets the connection.
    package enum Choice: Equatable {
        /// The member with this index.
        case member(Int)
        /// Nobody yet: members are available, and all of those are at their limit.
        case allBusy
        /// Nobody: no member is available that was not tried.
        case noneAvailable
    }

    /// An upstream, as far as it matters where only ejected ones are left to be tried.
    package struct EjectedState {
        /// When it is due to be tried again; nil where it may not be tried, since checks keep it down.
        package var due: UInt64?
        /// The connections that it has.
        package var active: Int
        /// The connections that it may have; nil for any number.
        package var limit: Int?

        /// Makes one with these values.
        package init(due: UInt64? = nil, active: Int, limit: Int? = nil) {
            self.due = due
            self.active = active
            self.limit = limit
        }
    }

    private let method: BalanceMethod
    private let regulars: BalanceTier
    private let backups: BalanceTier

    /// Takes the members in the order of the configuration. A member's index is its name from now on.
    package init(method: BalanceMethod, members: [Member]) {
        self.method = method
        var hashes: Set<UInt64> = []
        var regulars: [BalanceTier.Candidate] = []
        var backups: [BalanceTier.Candidate] = []
        for (index, member) in members.enumerated() where member.weight > 0 {
            var hash = StableHash.hash(member.key)
            // Who is named twice gets two shares.
            while !hashes.insert(hash).inserted { hash = StableHash.mix(hash &+ StableHash.golden) }
            let candidate = BalanceTier.Candidate(index: index, weight: member.weight, hash: hash)
            if member.isBackup { backups.append(candidate) } else { regulars.append(candidate) }
        }
        let takesTurns = method == .roundRobin || method == .leastConnections
        self.regulars = BalanceTier(regulars, takesTurns: takesTurns)
        self.backups = BalanceTier(backups, takesTurns: takesTurns)
    }

    /// Chooses a member for a connection.
    ///
    /// - Parameters:
    ///   - ticket: the number of the connection, counted by all lanes together; the same at each attempt.
    ///   - random: a random number, the same at each attempt; for `random` alone.
    ///   - source: the hash of the client, ``sourceHash(of:uid:)``; for `source-hash` alone.
    ///   - tried: the members that this connection may not get: it tried them already.
    ///   - state: how the member with this index is.
    package func choose(
        ticket: UInt64, random: UInt64, source: UInt64, tried: MemberSet, state: (Int) -> MemberState
    ) -> Choice {
        var someoneIsAvailable = false
        let load = { (index: Int) -> Int? in
            guard !tried.contains(index) else { return nil }
            let state = state(index)
            guard state.isAvailable else { return nil }
            someoneIsAvailable = true
            if let limit = state.limit, state.active >= limit { return nil }
            return state.active
        }
        if let chosen = choose(in: regulars, ticket, random, source, load) { return .member(chosen) }
        if someoneIsAvailable { return .allBusy }
        if let chosen = choose(in: backups, ticket, random, source, load) { return .member(chosen) }
        return someoneIsAvailable ? .allBusy : .noneAvailable
    }

    private func choose(
        in tier: BalanceTier, _ ticket: UInt64, _ random: UInt64, _ source: UInt64, _ load: (Int) -> Int?
    ) -> Int? {
        switch method {
        case _ where tier.isOfOne: tier.first(load: load)
        case .leastConnections: tier.leastLoaded(ticket: ticket, load: load)
        case .roundRobin: tier.next(ticket: ticket, load: load)
        case .random: tier.betterOfTwo(random: random, load: load)
        case .sourceHash: tier.best(for: source, load: load)
        case .first: tier.first(load: load)
        }
    }

    /// Chooses the member that is due first of those that were not tried, where
    /// ``choose(ticket:random:source:tried:state:)`` has found none available: a connection is better tried on an ejected
    /// upstream than refused. Of those due at the same time it is the first in
    /// the order of the configuration. Backups count as the others do.
    package func chooseDueFirst(tried: MemberSet, state: (Int) -> EjectedState) -> Choice {
        var first: (due: UInt64, index: Int)?
        var someoneIsBusy = false
        for candidate in regulars.candidates + backups.candidates where !tried.contains(candidate.index) {
            let state = state(candidate.index)
            guard let due = state.due else { continue }
            if let limit = state.limit, state.active >= limit {
                someoneIsBusy = true
            } else if first.map({ (due, candidate.index) < $0 }) ?? true {
                first = (due, candidate.index)
            }
        }
        if let first { return .member(first.index) }
        return someoneIsBusy ? .allBusy : .noneAvailable
    }
}
