// SPDX-License-Identifier: Apache-2.0

import Dispatch
import LinuxSystem
import Reactor
import Synchronization

/// The addresses of one name, as they were when they were last asked for.
///
/// Nobody asks while nobody connects, so an idle daemon stays idle. Who connects while the answer is fresh has it at once,
/// and towards the end of that time has it asked for again behind his back; who connects later waits for the new answer.
/// If there is none to be had, the last good one stays in use, and is asked for again after ``retryTime``.
///
/// Concurrency: may be used from every thread. The name service blocks, so it is asked on a queue of its own, where one
/// name cannot hold another up; what the lanes ask is behind a lock that is held for a moment.
final class NameResolution: Sendable {
    /// What a lane gets.
    enum Answer: Equatable, Sendable {
        /// The addresses, in the order of RFC 6724.
        case addresses([SocketAddress])
        /// They are being asked for; the waiter is woken.
        case pending
        /// There are none; in the resolver's words.
        case failed(String)
    }

    /// How long an answer is good for that says nothing of it: that of /etc/hosts, in nanoseconds.
    static let defaultTime: UInt64 = 30_000_000_000

    /// How long to wait after a failure before it is asked again.
    static let retryTime: UInt64 = 1_000_000_000

    /// The bounds of what a name server may say: less would ask for each connection, more would never notice a move.
    private static let times: ClosedRange<UInt64> = 1_000_000_000...86_400_000_000_000

    private struct State {
        var addresses: [SocketAddress] = []
        var failure: String?
        /// Until when the addresses, or the failure, need not be asked for again.
        var freshUntil: UInt64 = 0
        /// From when on they are asked for while they are still in use.
        var refreshFrom: UInt64 = 0
        var isAsking = false
        var waiters: [Waiter] = []
    }

    private let name: String
    private let port: UInt16
    private let queue: DispatchQueue
    private let state = Mutex(State())

    init(of name: String, port: UInt16) {
        self.name = name
        self.port = port
        queue = DispatchQueue(label: "usherd.resolver")
    }

    /// The addresses as far as they are known.
    ///
    /// - Parameters:
    ///   - interval: how long an answer is good for, in nanoseconds; nil as long as it says itself.
    ///   - waiter: who is to be woken if the answer is ``Answer/pending``; nil if nobody can wait.
    func addresses(at now: UInt64, interval: UInt64?, waiter: Waiter?) -> Answer {
        let (answer, mustAsk) = state.withLock { state -> (Answer, Bool) in
            let isFresh = now < state.freshUntil
            var mustAsk = false
            if !state.isAsking, !isFresh || now >= state.refreshFrom {
                state.isAsking = true
                mustAsk = true
            }
            guard isFresh else {
                if let waiter { state.waiters.append(waiter) }
                return (.pending, mustAsk)
            }
            if let failure = state.failure, state.addresses.isEmpty { return (.failed(failure), mustAsk) }
            return (.addresses(state.addresses), mustAsk)
        }
        if mustAsk { ask(interval: interval) }
        return answer
    }

    private func ask(interval: UInt64?) {
        queue.async { [self] in
            do throws(NameLookupFailure) {
                let addresses = try NameService.addresses(of: name, port: port)
                let lifetime = interval ?? NameService.timeToLive(of: name).map { UInt64($0) * 1_000_000_000 }
                store(addresses, failure: nil, for: lifetime ?? Self.defaultTime)
            } catch {
                store([], failure: error.reason, for: Self.retryTime)
            }
        }
    }

    private func store(_ addresses: [SocketAddress], failure: String?, for lifetime: UInt64) {
        let now = Clock.monotonic
        let lifetime = min(max(lifetime, Self.times.lowerBound), Self.times.upperBound)
        let waiters = state.withLock { state in
            if failure == nil { state.addresses = addresses }
            state.failure = failure ?? (addresses.isEmpty ? "no address" : nil)
            state.freshUntil = now + lifetime
            state.refreshFrom = now + lifetime / 5 * 4
            state.isAsking = false
            let waiters = state.waiters
            state.waiters = []
            return waiters
        }
        for waiter in waiters { waiter.wake() }
    }
}
