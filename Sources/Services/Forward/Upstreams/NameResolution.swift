// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor
import Records
import Relaying
import Synchronization

/// The addresses of one name of an upstream, looked up off the lanes.
///
/// Nobody looks it up while nobody connects, so an idle daemon stays idle. ``KnownAddresses`` decides what a caller gets:
/// addresses that were found once serve at once, and are looked up again behind the caller's back.
///
/// Concurrency: may be used from every thread. The name service blocks, so it is asked on ``LookupQueue``; what the lanes
/// ask is behind a lock that is held for a moment.
final class NameResolution: Sendable {
    typealias Answer = KnownAddresses.Answer

    /// How a name is looked up. A test gives other answers.
    struct Source: Sendable {
        /// The addresses of a name, with a port.
        var addresses: @Sendable (String, UInt16) throws(NameLookupFailure) -> [SocketAddress] = {
            (name, port) throws(NameLookupFailure) in try NameService.addresses(of: name, port: port)
        }

        /// For how many seconds they may be kept; nil if nobody says.
        var timeToLive: @Sendable (String) -> UInt32? = { NameService.timeToLive(of: $0) }
    }

    /// A look-up that takes longer is expected to take long the next time too, in nanoseconds.
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

    /// A name that was not looked up yet.
    init(of name: String, port: UInt16, source: Source = Source(), queue: LookupQueue = .shared) {
        self.name = name
        self.port = port
        self.source = source
        self.queue = queue
    }

    /// The addresses as far as they are known.
    ///
    /// - Parameters:
    ///   - group: says how long an answer is good for, and whose name it is.
    ///   - lane: the caller's; a record is written there when look-ups begin to fail, and when they succeed again.
    ///   - waiter: is woken when the look-up that is under way ends, if the answer has no addresses.
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

    /// Whether an address is one of those that are known now. Asks nobody.
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
        // Whoever waits does not wait for the time to live, which DNS is asked for once more.
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
