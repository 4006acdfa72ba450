// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor
import Records
import Relaying
import Synchronization

/// The addresses of an upstream's name, looked up off the lanes.
///
/// A look-up is started by a connection only, so an idle daemon stays idle. ``KnownAddresses`` decides what a caller gets:
/// known addresses are returned at once, and renewed in the background.
///
/// Concurrency: may be used from every thread. The name service blocks, so it is called on ``LookupQueue``. The state that
/// lanes read is behind a lock that is held briefly.
final class NameResolution: Sendable {
    typealias Answer = KnownAddresses.Answer

    /// How a name is looked up. Tests replace it.
    struct Source: Sendable {
        /// Returns the addresses of a name, with a port.
        var addresses: @Sendable (String, UInt16) throws(NameLookupFailure) -> [SocketAddress] = {
            (name, port) throws(NameLookupFailure) in try NameService.addresses(of: name, port: port)
        }

        /// Returns the TTL of the addresses in seconds; nil if unknown.
        var timeToLive: @Sendable (String) -> UInt32? = { NameService.timeToLive(of: $0) }
    }

    /// A look-up that takes longer is expected to be slow the next time too; in nanoseconds.
    private static let slowTime: UInt64 = 1_000_000_000

    private struct State {
        var known = KnownAddresses()
        var waiters: [Waiter] = []
        var wasSlow = false
    }

    private let name: String
    private let port: UInt16
    private let source: Source
    private let queue: LookupQueue
    private let state = Mutex(State())

    /// Makes one for a name that was not looked up yet.
    init(of name: String, port: UInt16, source: Source = Source(), queue: LookupQueue = .shared) {
        self.name = name
        self.port = port
        self.source = source
        self.queue = queue
    }

    /// Returns the known addresses, and starts a look-up if one is due.
    ///
    /// - Parameters:
    ///   - group: has the configured lifetime of answers, and the listener's names for records.
    ///   - lane: the caller's; records are written there when look-ups begin to fail, and when they succeed again.
    ///   - waiter: woken at the end of the look-up in progress, if no addresses are known.
    func addresses(for group: UpstreamGroup, on lane: Lane, waiter: @autoclosure () -> Waiter) -> Answer {
        let (known, begins, wasSlow) = state.withLock { state in
            let (answer, begins) = state.known.ask(at: lane.now)
            if state.known.addresses.isEmpty, state.known.isLookingUp { state.waiters.append(waiter()) }
            return (answer, begins, state.wasSlow)
        }
        let answer: Answer =
            if case .failed(let reason) = known { .failed("does not resolve: \(reason)") } else { known }
        guard begins else { return answer }
        let (interval, label, lane) = (group.resolveInterval, group.label, lane.handle)
        queue.add(isSlow: wasSlow) { [self] in
            if let change = lookUp(interval: interval) { report(change, label, on: lane) }
        }
        return answer
    }

    /// Whether an address is currently known. Starts no look-up.
    func knows(_ address: SocketAddress) -> Bool { state.withLock { $0.known.addresses.contains(address) } }

    private func lookUp(interval: UInt64?) -> KnownAddresses.Change? {
        let begin = Clock.monotonic
        let found: [SocketAddress]
        do throws(NameLookupFailure) {
            found = try source.addresses(name, port)
        } catch {
            return end(from: begin) { $0.failed(error.reason, at: Clock.monotonic) }
        }
        guard !found.isEmpty else { return end(from: begin) { $0.failed("it has no address", at: Clock.monotonic) } }
        // Callers wait for the addresses only, not for the TTL, which needs another DNS query.
        let change = end(from: begin) { $0.found(found) }
        let lifetime = interval ?? source.timeToLive(name).map { UInt64($0) * 1_000_000_000 }
        state.withLock { $0.known.keep(for: lifetime ?? KnownAddresses.defaultLifetime, at: Clock.monotonic) }
        return change
    }

    private func end(
        from begin: UInt64, _ body: (inout KnownAddresses) -> KnownAddresses.Change?
    ) -> KnownAddresses.Change? {
        let (change, waiters) = state.withLock { state in
            state.wasSlow = Clock.span(from: begin, to: Clock.monotonic) >= Self.slowTime
            let change = body(&state.known)
            defer { state.waiters = [] }
            return (change, state.waiters)
        }
        for waiter in waiters { waiter.wake() }
        return change
    }

    private func report(_ change: KnownAddresses.Change, _ label: ListenerLabel, on lane: LaneHandle) {
        let hasAddresses = state.withLock { !$0.known.addresses.isEmpty }
        lane.perform { [name] lane in
            switch change {
            case .failing(let reason):
                lane.write(.nameUnresolved(name, because: reason, hasAddresses: hasAddresses, listener: label))
            case .recovered:
                lane.write(.nameResolved(name, listener: label))
            }
        }
    }
}
