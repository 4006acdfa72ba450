// SPDX-License-Identifier: Apache-2.0

/// Chooses the upstream for a connection.
///
/// It holds what never changes: the method, the weights and what is derived from them. The current state of a member is read
/// through `state` at each choice, once or a few times for each member.
///
/// - A member with weight 0 is never chosen, nor is one that an operator has withdrawn.
/// - A backup is chosen only when no regular member is available. A member at its limit counts as available, so the
///   connection waits for it (as in HAProxy). Backups share connections by the same method (HAProxy's `option allbackups`).
///   A connection that has tried all other members without success goes to a backup too (as in nginx), since that serves the
///   client better than a refusal.
/// - If no untried member is available, the connection tries the ejected member that is due first (similar to Envoy's panic
///   mode, and to nginx with a single server).
/// - A member at its limit loses its turn with every method: no connection waits while another member is free.
///
/// Concurrency: immutable, for all lanes. `state` may return different values within one choice; the choice is correct for
/// the values that it read.
package final class Balancer: Sendable {
    /// The configured properties of an upstream.
    package struct Member: Sendable {
        /// Its share relative to the others: 0...256; 0 means no new connections.
        package var weight: Int
        /// Whether it gets connections only when no other member is available.
        package var isBackup: Bool
        /// Whether an operator keeps new connections from it: see ``UpstreamOverride``.
        package var isWithdrawn = false
        /// The canonical text of the endpoint. `source-hash` depends on it alone, not on the place in the list.
        package var key: [UInt8]

        /// Makes one with these values.
        package init(weight: Int, isBackup: Bool, key: [UInt8]) {
            self.weight = weight
            self.isBackup = isBackup
            self.key = key
        }
    }

    /// The current state of an upstream.
    package struct MemberState {
        /// Whether it may get a connection, regardless of its limit.
        package var isAvailable: Bool
        /// How many connections it has.
        package var active: Int
        /// How many connections it may have; nil for no limit.
        package var limit: Int?

        /// Makes one with these values.
        package init(isAvailable: Bool, active: Int, limit: Int? = nil) {
            self.isAvailable = isAvailable
            self.active = active
            self.limit = limit
        }
    }

    /// The result of a choice.
    package enum Choice: Equatable {
        /// The member with this index.
        case member(Int)
        /// None yet: members are available, but all of them are at their limit.
        case allBusy
        /// None: no untried member is available.
        case noneAvailable
        /// None, and an operator keeps connections from an untried member. From ``chooseDueFirst(tried:state:)`` only.
        case withdrawn
    }

    /// The current state of an upstream for ``chooseDueFirst(tried:state:)``.
    package struct EjectedState {
        /// When it may be tried again; nil if it may not be tried, since checks keep it down.
        package var due: UInt64?
        /// How many connections it has.
        package var active: Int
        /// How many connections it may have; nil for no limit.
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
    private let withdrawn: [Int]

    /// Takes the members in the order of the configuration. A member is identified by its index from then on.
    package init(method: BalanceMethod, members: [Member]) {
        self.method = method
        var hashes: Set<UInt64> = []
        var regulars: [BalanceTier.Candidate] = []
        var backups: [BalanceTier.Candidate] = []
        var withdrawn: [Int] = []
        for (index, member) in members.enumerated() {
            // A member that is withdrawn has its hash too, so that no other one changes its own.
            var hash = StableHash.hash(member.key)
            // An upstream listed twice gets two shares, so each entry needs its own hash.
            while !hashes.insert(hash).inserted { hash = StableHash.mix(hash &+ StableHash.golden) }
            if member.isWithdrawn { withdrawn.append(index) }
            guard member.weight > 0, !member.isWithdrawn else { continue }
            let candidate = BalanceTier.Candidate(index: index, weight: member.weight, hash: hash)
            if member.isBackup { backups.append(candidate) } else { regulars.append(candidate) }
        }
        self.withdrawn = withdrawn
        let takesTurns = method == .roundRobin || method == .leastConnections
        self.regulars = BalanceTier(regulars, takesTurns: takesTurns)
        self.backups = BalanceTier(backups, takesTurns: takesTurns)
    }

    /// Chooses a member for a connection.
    ///
    /// - Parameters:
    /// - random: a random number, the same at each attempt; used by `random` only.
    /// - source: the hash of the client, ``sourceHash(of:uid:)``; used by `source-hash` only.
    /// - tried: the members that this connection has already tried; they are not chosen again.
    /// - state: returns the state of the member with this index.
    ///   - state: how the member with this index is.
    package func choose(
        ticket: UInt64, random: UInt64, source: UInt64, tried: MemberSet, state: (Int) -> MemberState
    ) -> Choice {
        var isAnyAvailable = false
        let load = { (index: Int) -> Int? in
            guard !tried.contains(index) else { return nil }
            let state = state(index)
            guard state.isAvailable else { return nil }
            isAnyAvailable = true
            if let limit = state.limit, state.active >= limit { return nil }
            return state.active
        }
        if let chosen = choose(in: regulars, ticket, random, source, load) { return .member(chosen) }
        if isAnyAvailable { return .allBusy }
        if let chosen = choose(in: backups, ticket, random, source, load) { return .member(chosen) }
        return isAnyAvailable ? .allBusy : .noneAvailable
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

    /// Chooses the untried member that is due first.
    ///
    /// Called where ``choose(ticket:random:source:tried:state:)`` found none available.
    /// Trying an ejected upstream is better than refusing the connection. Of members due at the same time, the first in the
    /// order of the configuration is chosen. Backups are treated like the others. A withdrawn member is not tried.
    package func chooseDueFirst(tried: MemberSet, state: (Int) -> EjectedState) -> Choice {
        var first: (due: UInt64, index: Int)?
        var isAnyBusy = false
        for candidate in regulars.candidates + backups.candidates where !tried.contains(candidate.index) {
            let state = state(candidate.index)
            guard let due = state.due else { continue }
            if let limit = state.limit, state.active >= limit {
                isAnyBusy = true
            } else if first.map({ (due, candidate.index) < $0 }) ?? true {
                first = (due, candidate.index)
            }
        }
        if let first { return .member(first.index) }
        if isAnyBusy { return .allBusy }
        return withdrawn.contains { !tried.contains($0) } ? .withdrawn : .noneAvailable
    }
}
