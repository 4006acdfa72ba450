// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import Records
import Relaying
import Synchronization

/// One upstream of a listener and its state, shared by all lanes.
///
/// It outlives a reload if its address stays in the configuration, or while it has connections.
///
/// Concurrency: may be used from every thread. What each connection reads is atomic; the rest is behind a lock that is taken
/// when a connection fails, a check ends, or the state may change.
final class Upstream: Sendable {
    /// The address as written in the configuration.
    let endpoint: Endpoint

    /// The kind of the socket.
    let kind: SocketKind

    /// How many connections of this listener it has, on all lanes.
    let active = ConnectionCount()

    /// Its totals, for all listeners and lanes that use this object.
    let totals = LaneTotals()

    /// Its address or name.
    let place: Place

    /// Detects TCP connections that have connected to themselves.
    let selfConnects = SelfConnectGuard()

    /// The address of a ``Place/fixed(_:)`` place as a list of one; else empty.
    let fixedAddresses: [SocketAddress]

    /// The address as in records of its connections if it is fixed; else as written.
    var recorded: String {
        if case .fixed(let address) = place { RecordedAddress(kind, address).description } else { endpoint.description }
    }

    /// After how many nanoseconds without a refusal a datagram counts as delivered.
    static let timeForRefusal: UInt64 = 1_000_000_000

    /// After how many nanoseconds without an answer to replace an address by another one of the name.
    static let timeForAnswer: UInt64 = 1_000_000_000

    /// How the address of an upstream is determined.
    enum Place: Sendable {
        /// A fixed address.
        case fixed(SocketAddress)
        /// A link-local address on the interface that currently has this name or number.
        case link(IPv6Address, port: UInt16, interface: String)
        /// The addresses of a name.
        case named(NameResolution)
    }

    private let operatorSetting = Mutex(UpstreamOverride())

    /// A copy of ``UpstreamOverride/isWithdrawn``, to be read without the lock.
    private let withdrawn = Atomic<Bool>(false)

    private let health: Mutex<UpstreamHealth>
    private let lastFailure = Mutex<UpstreamCondition.Failure?>(nil)
    private let preference = Mutex(AddressPreference())

    /// Copies of ``UpstreamHealth/availableFrom`` and ``UpstreamHealth/wantsSuccess``, to be read without the lock.
    private let availableFrom = Atomic<UInt64>(0)
    private let wantsSuccess = Atomic<Bool>(false)

    /// Makes an upstream without a history.
    ///
    /// - Parameters:
    ///   - endpoint: an address that can be connected to, which the configuration has checked.
    ///   - names: how a name is looked up.
    init(_ endpoint: Endpoint, limits: UpstreamHealth.Limits, names: NameResolution.Source = .init()) {
        self.endpoint = endpoint
        kind = endpoint.scheme.kind ?? .tcp
        place = Place(endpoint.location, names)
        fixedAddresses = if case .fixed(let address) = place { [address] } else { [] }
        health = Mutex(UpstreamHealth(limits: Self.limits(limits, of: kind)))
    }

    // MARK: - Totals

    /// Counts a failed connection.
    func countFailure(on lane: Lane) {
        totals.count(on: lane) { $0.failed &+= 1 }
    }

    /// Counts the end of a session, and the nanoseconds that connecting took.
    func countEnd(of session: Session, _ datagrams: DatagramTraffic? = nil, connectTime: UInt64) {
        let traffic = session.lane.traffic(of: session, datagrams)
        totals.count(on: session.lane) { totals in
            totals.end(traffic)
            totals.connectTimes.record(connectTime / 1000)
        }
    }

    // MARK: - Operators

    /// What an operator has set for it.
    ///
    /// After a change, ``UpstreamRegistry/followOverrides()`` applies it to the balancing of each group.
    var override: UpstreamOverride {
        get { operatorSetting.withLock { $0 } }
        set {
            operatorSetting.withLock { setting in
                setting = newValue
                withdrawn.store(newValue.isWithdrawn, ordering: .relaxed)
            }
        }
    }

    /// Whether an operator keeps new connections from it.
    var isWithdrawn: Bool { withdrawn.load(ordering: .relaxed) }

    // MARK: - Health

    /// Whether a connection may try it, unless another one claims the only trial.
    func isAvailable(at now: UInt64) -> Bool {
        let from = availableFrom.load(ordering: .relaxed)
        return from <= now && from != .max
    }

    /// Whether it is down: it gets no connections except trials.
    var isDown: Bool { availableFrom.load(ordering: .relaxed) != 0 }

    /// When it may be tried if all upstreams are ejected; nil while checks keep it down.
    var dueTime: UInt64? {
        let from = availableFrom.load(ordering: .relaxed)
        return from == .max ? nil : from
    }

    /// Asks for permission to connect.
    func claimAttempt(at now: UInt64) -> Bool {
        if availableFrom.load(ordering: .relaxed) == 0 { return true }
        return change { $0.claimAttempt(at: now) }
    }

    /// Reports that a connection begun at `start` was established.
    func connectSucceeded(startedAt start: UInt64, at now: UInt64) -> UpstreamHealth.Change? {
        guard wantsSuccess.load(ordering: .relaxed) else { return nil }
        return change { $0.connectSucceeded(startedAt: start, at: now) }
    }

    /// Reports that a connection begun at `start` has failed.
    func connectFailed(startedAt start: UInt64, at now: UInt64, errno: CInt) -> UpstreamHealth.Change? {
        noteFailure(.connection(errno: errno), at: now)
        return change { $0.connectFailed(startedAt: start, at: now, errno: errno) }
    }

    /// Reports that a check succeeded.
    func checkSucceeded(at now: UInt64) -> UpstreamHealth.Change? {
        change { $0.checkSucceeded(at: now) }
    }

    /// Reports that a check failed.
    func checkFailed(_ failure: CheckFailure, at now: UInt64) -> UpstreamHealth.Change? {
        noteFailure(.check(failure), at: now)
        return change { $0.checkFailed(failure, at: now) }
    }

    /// What a status shows of it.
    var condition: UpstreamCondition {
        UpstreamCondition(lastFailure: lastFailure.withLock { $0 }, outage: health.withLock { $0.outage })
    }

    private func noteFailure(_ cause: UpstreamCondition.Failure.Cause, at now: UInt64) {
        lastFailure.withLock { $0 = UpstreamCondition.Failure(time: now, cause: cause) }
    }

    /// Applies the limits of a new configuration.
    func set(_ limits: UpstreamHealth.Limits, at now: UInt64) -> UpstreamHealth.Change? {
        change { $0.change(Self.limits(limits, of: kind), at: now) }
    }

    // MARK: - Addresses

    /// The addresses to connect to, as far as known: those that can be reached from the group's `source`.
    ///
    /// - Parameters:
    ///   - group: the group of the connection.
    ///   - waiter: woken when a look-up in progress ends.
    func addresses(
        for group: UpstreamGroup, on lane: Lane, waiter: @autoclosure () -> Waiter
    ) -> KnownAddresses.Answer {
        let answer: KnownAddresses.Answer
        switch place {
        case .fixed: answer = .addresses(fixedAddresses)
        // Read from the kernel each time, which does not block: a recreated interface has another index.
        case .link(let ip, let port, let interface):
            answer =
                Self.index(of: interface).map { .addresses([.ipv6(ip, port: port, scope: $0)]) }
                ?? .failed("this host has no interface \(interface)")
        case .named(let resolution): answer = resolution.addresses(for: group, on: lane, waiter: waiter())
        }
        guard let source = group.settings.source, case .addresses(let found) = answer else { return answer }
        return .addresses(found.filter(source.canReach))
    }

    /// Whether this link-local address is currently its address.
    func isOnLink(at address: SocketAddress) -> Bool {
        guard case .link(let ip, let port, let interface) = place, case .ipv6(ip, port: port, let scope) = address
        else { return false }
        return Self.index(of: interface) == scope
    }

    /// The index of the interface that currently has this name, or the number itself; nil if there is none.
    private static func index(of interface: String) -> UInt32? {
        UInt32(interface) ?? NameService.interface(named: interface)
    }

    /// Reads or changes which address of its name datagrams try first.
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
    /// Whether a socket bound to this address can connect to the other. False only for IPv4 with IPv6.
    fileprivate func canReach(_ other: SocketAddress) -> Bool {
        switch (self, other) {
        case (.ipv4, .ipv6), (.ipv6, .ipv4): false
        default: true
        }
    }
}
