// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import Records
import Relaying
import Synchronization

/// The upstreams of one listener under one configuration, and who is to have the next connection.
///
/// A reload makes another group; the upstreams that stay are the same objects in it, with all that is known of them, and so
/// are those that come back while a connection of before still knows them. Whoever waits for room waits for that of the new
/// group.
///
/// Concurrency: immutable but for atomics and what is in ``Upstream`` and ``WaitingLine``; used by all lanes.
final class UpstreamGroup: Sendable {
    /// One upstream with what this configuration says of it.
    struct Member: Sendable {
        let upstream: Upstream
        let limit: Int?
        let timers: PeerTimers
    }

    /// Who gets a connection.
    enum Choice {
        /// This member, which counts it from now on.
        case member(Int)
        /// Nobody before one of them has room.
        case allBusy
        /// Nobody.
        case noneAvailable
    }

    let label: ListenerLabel
    let settings: ForwardSettings
    let members: [Member]

    /// Those who wait for room.
    var line: WaitingLine { registry.line }

    /// What the nanoseconds of the settings come to.
    let connectTimeout: UInt64
    let checkTimeout: UInt64
    let queueTimeout: UInt64
    let resolveInterval: UInt64?
    let halfCloseTimeout: UInt64?
    let progressInterval: UInt64?

    /// Whether the upstreams take datagrams: all do, or none.
    let takesDatagrams: Bool

    /// Where the upstreams are: to be found without going through all of them.
    private let addresses: Set<SocketAddress>
    private let resolutions: [NameResolution]
    private let linkUpstreams: [Upstream]

    /// What it has in common with the groups before and after it.
    let registry: UpstreamRegistry

    /// Whether a reload has put another group in its place.
    private let isReplaced = Atomic<Bool>(false)

    private let balancer: Balancer
    private let nextTicket = Atomic<UInt64>(0)

    /// Makes the group; an ``UpstreamRegistration`` puts it in force.
    ///
    /// - Parameters:
    ///   - previous: the group that it follows after a reload.
    ///   - names: how names of upstreams that are new are looked up.
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
            // Whether checks that no longer are have kept it down is no news: the reload itself is.
            _ = upstream.set(limits, at: Clock.monotonic)
            known[wanted.endpoint] = upstream
            return Member(upstream: upstream, limit: wanted.maxConnections, timers: wanted.timers)
        }
        addresses = Set(members.flatMap(\.upstream.fixedAddresses))
        resolutions = members.compactMap { if case .named(let name) = $0.upstream.place { name } else { nil } }
        linkUpstreams = members.map(\.upstream).filter { if case .link = $0.place { true } else { false } }
        takesDatagrams = members.first?.upstream.kind.isDatagram ?? false
        balancer = Balancer(
            method: settings.balance,
            members: settings.upstreams.map {
                Balancer.Member(weight: $0.weight, isBackup: $0.isBackup, key: Array($0.endpoint.description.utf8))
            })
    }

    /// A reload has put another group in its place: those who wait are served by that.
    func wasReplaced() {
        isReplaced.store(true, ordering: .releasing)
        line.serveAll()
    }

    /// The group that a reload has put in the place of this one; nil for one that takes other connections.
    var successor: UpstreamGroup? {
        guard isReplaced.load(ordering: .acquiring) else { return nil }
        guard let newest = registry.newest, newest.settings.framing == settings.framing,
            newest.takesDatagrams == takesDatagrams
        else {
            return nil
        }
        return newest
    }

    /// The members that are the same upstreams as some of another group.
    func members(as others: MemberSet, of group: UpstreamGroup) -> MemberSet {
        var set = MemberSet()
        guard !others.isEmpty else { return set }
        let upstreams = Set(others.elements.map { ObjectIdentifier(group.members[$0].upstream) })
        for (index, member) in members.enumerated() where upstreams.contains(ObjectIdentifier(member.upstream)) {
            set.insert(index)
        }
        return set
    }

    /// Whether an address is that of an upstream, as far as names are known.
    func hasUpstream(at address: SocketAddress) -> Bool {
        addresses.contains(address) || resolutions.contains { $0.knows(address) }
            || linkUpstreams.contains { $0.isOnLink(at: address) }
    }

    /// A number for a connection, counted over all lanes.
    func makeTicket() -> UInt64 {
        nextTicket.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    /// Chooses a member, and counts the connection there: ``leave(_:)`` counts it out.
    ///
    /// - Parameter orEjected: whether one that failures have ejected is chosen where no other is to be had.
    func choose(
        ticket: UInt64, source: UInt64, tried: MemberSet, at now: UInt64, orEjected: Bool = true
    ) -> Choice {
        var excluded = tried
        while true {
            let choice = balancer.choose(
                ticket: ticket, random: StableHash.mix(ticket &+ StableHash.golden), source: source, tried: excluded
            ) { index in
                Balancer.MemberState(
                    isAvailable: members[index].upstream.isAvailable(at: now),
                    active: members[index].upstream.active.value, limit: members[index].limit)
            }
            switch choice {
            case .allBusy: return .allBusy
            case .noneAvailable: return orEjected ? chooseEjected(tried: tried) : .noneAvailable
            case .member(let index):
                let upstream = members[index].upstream
                // Another lane may have taken the last place since it was looked at.
                guard upstream.active.enter(limit: members[index].limit) else { continue }
                if upstream.mayTry(at: now) { return .member(index) }
                upstream.active.leave()
                excluded.insert(index)
            }
        }
    }

    /// Chooses a member that failures of connections have ejected, since no other is to be had.
    private func chooseEjected(tried: MemberSet) -> Choice {
        while true {
            let choice = balancer.chooseDueFirst(tried: tried) { index in
                let member = members[index]
                return Balancer.EjectedState(
                    due: member.upstream.dueTime, active: member.upstream.active.value, limit: member.limit)
            }
            switch choice {
            case .allBusy: return .allBusy
            case .noneAvailable: return .noneAvailable
            case .member(let index):
                // Another lane may have taken the last place since it was looked at.
                if members[index].upstream.active.enter(limit: members[index].limit) { return .member(index) }
            }
        }
    }

    /// A connection has left a member: whoever waits may have its place.
    func leave(_ index: Int) {
        members[index].upstream.active.leave()
        line.serve()
    }
}

extension UpstreamHealth.Ejection {
    /// What `eject` says.
    fileprivate init(_ settings: EjectionSettings) {
        self.init(
            failures: settings.failures, window: settings.window.nanoseconds, first: settings.first.nanoseconds,
            longest: settings.longest.nanoseconds)
    }
}
