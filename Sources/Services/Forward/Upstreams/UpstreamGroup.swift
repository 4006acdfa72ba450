// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import Records
import Relaying
import Synchronization

/// The upstreams of one listener under one configuration; chooses the one for each connection.
///
/// A reload makes another group. Upstreams present in both configurations are shared, with their health and counts. So is
/// one that was removed and added again while a connection still uses it. Waiting connections get an upstream of the new
/// group.
///
/// Concurrency: immutable except for atomics and the state in ``Upstream`` and ``WaitingQueue``; used by all lanes.
final class UpstreamGroup: Sendable {
    /// An upstream with its settings in this configuration.
    struct Member: Sendable {
        let upstream: Upstream
        let limit: Int?
        let timers: PeerTimers
    }

    /// The result of a choice.
    enum Choice {
        /// This member, which counts the connection from now on.
        case member(Int)
        /// None yet: the available members are all at their limit.
        case allBusy
        /// None: no member is available.
        case noneAvailable
        /// None, and an operator keeps connections from a member.
        case withdrawn
    }

    let label: ListenerLabel
    let settings: ForwardSettings
    let members: [Member]

    /// The connections that wait for a free place.
    var queue: WaitingQueue { registry.queue }

    /// The durations of the settings in nanoseconds.
    let connectTimeout: UInt64
    let checkTimeout: UInt64
    let queueTimeout: UInt64
    let resolveInterval: UInt64?
    let halfCloseTimeout: UInt64?
    let progressInterval: UInt64?

    /// Whether the upstreams take datagrams: either all do, or none.
    let takesDatagrams: Bool

    /// The addresses of the upstreams, for a fast look-up.
    private let addresses: Set<SocketAddress>
    private let resolutions: [NameResolution]
    private let linkUpstreams: [Upstream]

    /// State shared with the groups before and after this one.
    let registry: UpstreamRegistry

    /// Whether a reload has replaced the group.
    private let isReplaced = Atomic<Bool>(false)

    /// What the configuration says, without what operators have set.
    private let configured: Balancer

    /// The balancer with what operators have set, and whether there is one. Without one, no connection takes the lock.
    private let steered = Mutex<Balancer?>(nil)
    private let isSteered = Atomic<Bool>(false)

    private let nextTicket = Atomic<UInt64>(0)

    /// Makes the group; an ``UpstreamRegistration`` puts it in force.
    ///
    /// - Parameters:
    ///   - previous: the group that a reload replaces.
    ///   - names: how the names of new upstreams are looked up.
    init(
        _ settings: ForwardSettings, label: ListenerLabel, following previous: UpstreamGroup?,
        names: NameResolution.Source = .init()
    ) {
        self.label = label
        registry = previous?.registry ?? UpstreamRegistry()
        self.settings = settings
        connectTimeout = settings.connectTimeout.nanoseconds
        checkTimeout = settings.health?.timeout.nanoseconds ?? connectTimeout
        queueTimeout = settings.queueTimeout.nanoseconds
        resolveInterval = settings.resolveInterval?.nanoseconds
        halfCloseTimeout = settings.halfCloseTimeout?.nanoseconds
        progressInterval = settings.progressInterval?.nanoseconds
        let limits = UpstreamHealth.Limits(
            ejection: settings.eject.map(UpstreamHealth.Ejection.init), trialTimeout: connectTimeout,
            checks: settings.health.map { UpstreamHealth.Limits.Checks(rise: $0.rise, fall: $0.fall) })
        var known = registry.upstreams
        members = settings.upstreams.map { wanted in
            let upstream = known[wanted.endpoint] ?? Upstream(wanted.endpoint, limits: limits, names: names)
            // A change of state by the reload, such as removed checks that kept it down, is not logged: the reload itself
            // is.
            _ = upstream.set(limits, at: Clock.monotonic)
            known[wanted.endpoint] = upstream
            return Member(upstream: upstream, limit: wanted.maxConnections, timers: wanted.timers)
        }
        addresses = Set(members.flatMap(\.upstream.fixedAddresses))
        resolutions = members.compactMap { if case .named(let name) = $0.upstream.place { name } else { nil } }
        linkUpstreams = members.map(\.upstream).filter { if case .link = $0.place { true } else { false } }
        takesDatagrams = members.first?.upstream.kind.isDatagram ?? false
        configured = Balancer(method: settings.balance, members: settings.upstreams.map(Balancer.Member.init))
        followOverrides()
    }

    /// The balancer with what operators have set.
    var balancer: Balancer {
        guard isSteered.load(ordering: .acquiring) else { return configured }
        return steered.withLock { $0 } ?? configured
    }

    /// Applies what operators have set for the members to connections that choose from now on.
    func followOverrides() {
        let overrides = members.map(\.upstream.override)
        let isSet = overrides.contains { !$0.isEmpty }
        let next = Balancer(
            method: settings.balance,
            members: zip(settings.upstreams, overrides).map { Balancer.Member($0).overridden(by: $1) })
        steered.withLock { balancer in
            balancer = isSet ? next : nil
            isSteered.store(isSet, ordering: .releasing)
        }
    }

    #if DEBUG
        /// Whether no reload has replaced the group. Debug builds only.
        var isInForce: Bool { !isReplaced.load(ordering: .acquiring) }

        /// Where the balancing differs from what operators have set. Debug builds only.
        var overrideFaults: [String] {
            let upstreams = members.map(\.upstream)
            let faults = upstreams.filter { $0.isWithdrawn != $0.override.isWithdrawn }.map {
                "the copies of what is set for \($0.recorded) differ"
            }
            let isSet = upstreams.contains { !$0.override.isEmpty }
            return isSet == isSteered.load(ordering: .acquiring) ? faults : faults + ["balances without what is set"]
        }
    #endif

    /// Wakes waiting connections after a reload has replaced this group, so that they use the new one.
    func wasReplaced() {
        isReplaced.store(true, ordering: .releasing)
        queue.serveAll()
    }

    /// The group that has replaced this one after a reload.
    ///
    /// Nil while there is none, or if the new one relays in another way.
    var successor: UpstreamGroup? {
        guard isReplaced.load(ordering: .acquiring) else { return nil }
        guard let newest = registry.newest, newest.settings.framing == settings.framing,
            newest.takesDatagrams == takesDatagrams
        else {
            return nil
        }
        return newest
    }

    /// The members of this group that are also in a set of members of another group.
    func members(as others: MemberSet, of group: UpstreamGroup) -> MemberSet {
        var set = MemberSet()
        guard !others.isEmpty else { return set }
        let upstreams = Set(others.elements.map { ObjectIdentifier(group.members[$0].upstream) })
        for (index, member) in members.enumerated() where upstreams.contains(ObjectIdentifier(member.upstream)) {
            set.insert(index)
        }
        return set
    }

    /// Whether this is the address of an upstream, as far as names are known.
    func hasUpstream(at address: SocketAddress) -> Bool {
        addresses.contains(address) || resolutions.contains { $0.knows(address) }
            || linkUpstreams.contains { $0.isOnLink(at: address) }
    }

    /// Returns the next number for a connection, counted over all lanes.
    func makeTicket() -> UInt64 {
        nextTicket.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    /// The number that the next connection will get.
    var ticketOfNext: UInt64 { nextTicket.load(ordering: .relaxed) }

    /// Chooses a member, which counts the connection until ``leave(_:)``.
    ///
    /// - Parameter orEjected: whether an ejected member may be chosen if no other is available.
    func choose(
        ticket: UInt64, source: UInt64, tried: MemberSet, at now: UInt64, orEjected: Bool = true
    ) -> Choice {
        var excluded = tried
        let balancer = balancer
        while true {
            switch balance(balancer, ticket: ticket, source: source, tried: excluded, at: now) {
            case .allBusy: return .allBusy
            case .noneAvailable, .withdrawn: return orEjected ? chooseEjected(balancer, tried: tried) : .noneAvailable
            case .member(let index):
                let upstream = members[index].upstream
                // Another lane may have taken the last place in the meantime.
                guard upstream.active.enter(limit: members[index].limit) else { continue }
                if upstream.claimAttempt(at: now) { return .member(index) }
                upstream.active.leave()
                excluded.insert(index)
            }
        }
    }

    /// Chooses a member that was ejected for failed connections, since no other is available.
    private func chooseEjected(_ balancer: Balancer, tried: MemberSet) -> Choice {
        while true {
            switch balanceEjected(balancer, tried: tried) {
            case .allBusy: return .allBusy
            case .noneAvailable: return .noneAvailable
            case .withdrawn: return .withdrawn
            case .member(let index):
                // Another lane may have taken the last place in the meantime.
                if members[index].upstream.active.enter(limit: members[index].limit) { return .member(index) }
            }
        }
    }

    /// What the balancer chooses, for the members as they are. Counts nothing.
    func balance(
        _ balancer: Balancer, ticket: UInt64, source: UInt64, tried: MemberSet, at now: UInt64
    ) -> Balancer.Choice {
        balancer.choose(
            ticket: ticket, random: StableHash.mix(ticket &+ StableHash.golden), source: source, tried: tried
        ) { index in
            Balancer.MemberState(
                isAvailable: members[index].upstream.isAvailable(at: now),
                active: members[index].upstream.active.value, limit: members[index].limit)
        }
    }

    /// What the balancer chooses among the ejected members. Counts nothing.
    func balanceEjected(_ balancer: Balancer, tried: MemberSet) -> Balancer.Choice {
        balancer.chooseDueFirst(tried: tried) { index in
            let member = members[index]
            return Balancer.EjectedState(
                due: member.upstream.dueTime, active: member.upstream.active.value, limit: member.limit)
        }
    }

    /// Gives up a connection's place at a member, and offers it to a waiting connection.
    func leave(_ index: Int) {
        let upstream = members[index].upstream
        upstream.active.leave()
        queue.serve { !upstream.isWithdrawn }
    }
}

extension Balancer.Member {
    /// An upstream as the configuration has it.
    fileprivate init(_ settings: UpstreamSettings) {
        self.init(
            weight: settings.weight, isBackup: settings.isBackup, key: Array(settings.endpoint.description.utf8))
    }
}

extension UpstreamHealth.Ejection {
    /// The values of the setting `eject`.
    fileprivate init(_ settings: EjectionSettings) {
        self.init(
            failures: settings.failures, window: settings.window.nanoseconds, first: settings.first.nanoseconds,
            longest: settings.longest.nanoseconds)
    }
}
