// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import Records
import Synchronization

/// One upstream of a listener, and what is known of it: on all lanes, and over reloads as long as its address stays, or has
/// connections.
///
/// Concurrency: may be used from every thread. What each connection asks is atomic; the rest is behind a lock that is
/// taken when a connection fails, a check ends, or the state may change.
final class Upstream: Sendable {
    /// The address as it was written.
    let endpoint: Endpoint

    /// The kind of the socket.
    let kind: SocketKind

    /// How many connections it has of this listener, on all lanes.
    let active = ConnectionCount()

    /// What was counted of it, for all listeners and lanes that use this object.
    let totals = LaneTotals()

    /// Where it is.
    let place: Place

    /// Notices connections to it that have connected to themselves.
    let selfConnects = SelfConnectGuard()

    /// The address of a ``Place/fixed(_:)`` place, in a list, as those of a name are.
    let fixedAddresses: [SocketAddress]

    /// The address as records of its connections have it, where that is one alone; else as it was written.
    var recorded: String {
        if case .fixed(let address) = place { RecordedAddress(kind, address).description } else { endpoint.description }
    }

    /// After how many nanoseconds a datagram that nobody has refused counts as taken.
    static let timeForRefusal: UInt64 = 1_000_000_000

    /// After how many nanoseconds an address that has answered no datagram is left for another one of its name.
    static let timeForAnswer: UInt64 = 1_000_000_000

    /// Where an upstream is.
    enum Place: Sendable {
        /// There.
        case fixed(SocketAddress)
        /// At this address of the interface that has the name or number at the time.
        case link(IPv6Address, port: UInt16, interface: String)
        /// Where the name leads at the time.
        case named(NameResolution)
    }

    private let health: Mutex<UpstreamHealth>
    private let preference = Mutex(AddressPreference())

    /// ``UpstreamHealth/availableFrom`` and ``UpstreamHealth/wantsSuccess`` as they are, to be read without the lock.
    private let availableFrom = Atomic<UInt64>(0)
    private let wantsSuccess = Atomic<Bool>(false)

    /// An upstream of which nothing is known.
    ///
    /// - Parameters:
    ///   - endpoint: an address that can be connected to; the configuration has seen to that.
    ///   - names: how a name is looked up.
    init(_ endpoint: Endpoint, limits: UpstreamHealth.Limits, names: NameResolution.Source = .init()) {
        self.endpoint = endpoint
        kind = endpoint.scheme.kind ?? .tcp
        place = Place(endpoint.location, names)
        fixedAddresses = if case .fixed(let address) = place { [address] } else { [] }
        health = Mutex(UpstreamHealth(limits: Self.limits(limits, of: kind)))
    }

    // MARK: - Totals

    /// Counts a session that is connected.
    func countConnected(after nanoseconds: UInt64, on lane: Lane) {
        totals.count(on: lane) { totals in
            totals.accepted &+= 1
            totals.connectTimes.record(nanoseconds / 1000)
        }
    }

    /// Counts an attempt to connect that has failed.
    func countFailure(on lane: Lane) {
        totals.count(on: lane) { $0.failed &+= 1 }
    }

    /// Counts the end of a session that was connected.
    func countEnd(of session: Session, _ datagrams: DatagramTraffic? = nil) {
        let traffic = session.lane.traffic(of: session, datagrams)
        totals.count(on: session.lane) { $0.end(traffic) }
    }

    // MARK: - Health

    /// Whether a connection may try it, unless another one claims the only trial.
    func isAvailable(at now: UInt64) -> Bool {
        let from = availableFrom.load(ordering: .relaxed)
        return from <= now && from != .max
    }

    /// Whether it is down: it gets no connections but for trials.
    var isDown: Bool { availableFrom.load(ordering: .relaxed) != 0 }

    /// When it is due to be tried, where every upstream is ejected; nil where checks keep it down.
    var dueTime: UInt64? {
        let from = availableFrom.load(ordering: .relaxed)
        return from == .max ? nil : from
    }

    /// Asks for leave to connect.
    func mayTry(at now: UInt64) -> Bool {
        if availableFrom.load(ordering: .relaxed) == 0 { return true }
        return change { $0.mayTry(at: now) }
    }

    /// A connection that was begun at `start` stands.
    func connectSucceeded(startedAt start: UInt64, at now: UInt64) -> UpstreamHealth.Change? {
        guard wantsSuccess.load(ordering: .relaxed) else { return nil }
        return change { $0.connectSucceeded(startedAt: start, at: now) }
    }

    /// A connection that was begun at `start` has failed.
    func connectFailed(startedAt start: UInt64, at now: UInt64, errno: CInt) -> UpstreamHealth.Change? {
        change { $0.connectFailed(startedAt: start, at: now, errno: errno) }
    }

    /// A check went well.
    func checkSucceeded(at now: UInt64) -> UpstreamHealth.Change? {
        change { $0.checkSucceeded(at: now) }
    }

    /// A check went wrong.
    func checkFailed(_ failure: CheckFailure, at now: UInt64) -> UpstreamHealth.Change? {
        change { $0.checkFailed(failure, at: now) }
    }

    /// A reload has other limits.
    func set(_ limits: UpstreamHealth.Limits, at now: UInt64) -> UpstreamHealth.Change? {
        change { $0.change(Self.limits(limits, of: kind), at: now) }
    }

    // MARK: - Addresses

    /// Where to connect to: the addresses that can be reached from the group's `source`, as far as they are known.
    ///
    /// - Parameters:
    ///   - group: the group in which it is tried.
    ///   - waiter: is woken if they are being looked up.
    func addresses(
        for group: UpstreamGroup, on lane: Lane, waiter: @autoclosure () -> Waiter
    ) -> KnownAddresses.Answer {
        let answer: KnownAddresses.Answer
        switch place {
        case .fixed: answer = .addresses(fixedAddresses)
        // Asked of the kernel each time, which does not wait: an interface that is made anew has another number.
        case .link(let ip, let port, let interface):
            answer =
                Self.index(of: interface).map { .addresses([.ipv6(ip, port: port, scope: $0)]) }
                ?? .failed("this host has no interface \(interface)")
        case .named(let resolution): answer = resolution.addresses(for: group, on: lane, waiter: waiter())
        }
        guard let source = group.settings.source, case .addresses(let found) = answer else { return answer }
        return .addresses(found.filter(source.canReach))
    }

    /// Whether it has this address, of those of a link.
    func isOnLink(at address: SocketAddress) -> Bool {
        guard case .link(let ip, let port, let interface) = place, case .ipv6(ip, port: port, let scope) = address
        else { return false }
        return Self.index(of: interface) == scope
    }

    /// The number of the interface that has a name now, or is written as one; nil if there is none.
    private static func index(of interface: String) -> UInt32? {
        UInt32(interface) ?? NameService.interface(named: interface)
    }

    /// Looks at, or changes, what is known of the addresses of its name that datagrams go to.
    func withPreference<Result>(_ body: (inout AddressPreference) -> Result) -> Result {
        preference.withLock { body(&$0) }
    }

    private static func limits(_ limits: UpstreamHealth.Limits, of kind: SocketKind) -> UpstreamHealth.Limits {
        var limits = limits
        limits.mayBeSilent = kind.isDatagram
        return limits
    }

    private func change<Result>(_ body: (inout UpstreamHealth) -> Result) -> Result {
        health.withLock { health in
            let result = body(&health)
            availableFrom.store(health.availableFrom, ordering: .relaxed)
            wantsSuccess.store(health.wantsSuccess, ordering: .relaxed)
            return result
        }
    }
}

extension Upstream.Place {
    fileprivate init(_ location: EndpointLocation, _ names: NameResolution.Source) {
        switch location {
        case .host(.ipv4(let address), let port):
            self = .fixed(.ipv4(address, port: port))
        case .host(.ipv6(let address, nil), let port):
            self = .fixed(.ipv6(address, port: port, scope: 0))
        case .host(.ipv6(let address, let scope?), let port):
            self = .link(address, port: port, interface: scope)
        case .host(.name(let name), let port):
            self = .named(NameResolution(of: name, port: port, source: names))
        case .path(let path):
            self = .fixed(.unix(path: path))
        case .abstract(let name):
            self = .fixed(.abstract(name: name))
        case .vsock(let cid, let port):
            self = .fixed(.vsock(cid: cid, port: port))
        case .interface(let name):
            self = .fixed(.can(InterfaceName(name) ?? .any, .none))
        case .host(.any, _), .passed:
            self = .fixed(.unnamed)
        }
    }
}

extension SocketAddress {
    /// Whether a socket that is bound to this address can be connected to the other: IP to its own version, and all that is
    /// not IP.
    fileprivate func canReach(_ other: SocketAddress) -> Bool {
        switch (self, other) {
        case (.ipv4, .ipv6), (.ipv6, .ipv4): false
        default: true
        }
    }
}
