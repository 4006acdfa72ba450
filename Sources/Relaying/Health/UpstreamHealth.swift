// SPDX-License-Identifier: Apache-2.0

import Addresses

/// Whether an upstream may get connections. Active checks decide alone if configured; otherwise the connections do.
///
/// - Connections. ``Ejection/failures`` failed attempts in a row, within ``Ejection/window``, eject the upstream for
///   ``Ejection/first``. After that time one connection is the trial, and others have to wait for its outcome. A success
///   brings the upstream back; a failure ejects it for twice as long, up to ``Ejection/longest``. A trial without an outcome
///   expires after `trialTimeout`, and another connection may try; if the upstream may be silent, all connections may. If
///   all upstreams are ejected, a connection tries the one that is due first (``availableFrom``): a success brings it back;
///   a failure postpones it behind the others.
/// - Checks. `fall` failures in a row take the upstream down, `rise` successes in a row bring it back. It starts as up, so
///   that starting does not wait for a check.
///
/// Times are nanoseconds of one monotonic clock. Reports may arrive late and from several lanes, so each carries the time
/// when its attempt started. A report about an attempt that started before the present state is ignored.
///
/// Concurrency: a value without a lock of its own. Lanes read ``availableFrom`` and ``wantsSuccess`` for each connection;
/// publish both as atomics after each call that may change them.
package struct UpstreamHealth: Equatable, Sendable {
    /// The thresholds of ejection and of checks.
    package struct Limits: Equatable, Sendable {
        /// When failed connections eject; nil for never. Ignored if there are checks.
        package var ejection: Ejection? = Ejection()
        /// After how many nanoseconds a trial without an outcome expires: the connect timeout.
        package var trialTimeout: UInt64
        /// Whether silence is no failure: many datagram upstreams never answer.
        package var mayBeSilent = false
        /// How many checks in a row must succeed, or fail; nil without active checks.
        package var checks: Checks?

        /// The values `rise` and `fall`.
        package struct Checks: Equatable, Sendable {
            package var rise: Int
            package var fall: Int

            /// Makes one with these values.
            package init(rise: Int, fall: Int) {
                self.rise = rise
                self.fall = fall
            }
        }

        /// The setting in force: nil if checks decide.
        fileprivate var ejectionInForce: Ejection? { checks == nil ? ejection : nil }

        /// Makes one with these values.
        package init(
            ejection: Ejection? = Ejection(), trialTimeout: UInt64, mayBeSilent: Bool = false, checks: Checks? = nil
        ) {
            self.ejection = ejection
            self.trialTimeout = trialTimeout
            self.mayBeSilent = mayBeSilent
            self.checks = checks
        }
    }

    /// The values of `eject`; times in nanoseconds.
    package struct Ejection: Equatable, Sendable {
        /// How many failures in a row eject.
        package var failures = 3
        /// The time within which these connections must fail. Older failures do not count.
        package var window: UInt64 = 60_000_000_000
        /// The duration of the first ejection.
        package var first: UInt64 = 1_000_000_000
        /// The longest duration of an ejection.
        package var longest: UInt64 = 60_000_000_000

        /// Makes one with these values.
        package init(
            failures: Int = 3, window: UInt64 = 60_000_000_000, first: UInt64 = 1_000_000_000,
            longest: UInt64 = 60_000_000_000
        ) {
            self.failures = failures
            self.window = window
            self.first = first
            self.longest = longest
        }
    }

    /// A change to log. The two alternate, down first.
    package enum Change: Equatable, Sendable {
        /// New connections go to other upstreams.
        case wentDown(Cause)
        /// The upstream gets connections again, after it was down for this time.
        case wentUp(afterNanoseconds: UInt64)
    }

    /// The state of an upstream that is down.
    package struct Outage: Equatable, Sendable {
        /// When it went down.
        package var since: UInt64
        /// Why.
        package var cause: Cause
        /// When a connection may try it; nil while checks keep it down, or one connection tries it now.
        package var retry: UInt64?
    }

    /// Why an upstream went down.
    package enum Cause: Equatable, Sendable {
        /// So many connections in a row failed, the last one with this errno.
        case connecting(failures: Int, errno: CInt)
        /// So many checks in a row failed, the last one with this failure.
        case checks(failures: Int, last: CheckFailure)
    }

    private enum State: Equatable {
        /// It gets connections.
        case up(since: UInt64)
        /// Connections failed. A trial may start at `until`.
        case ejected(since: UInt64, until: UInt64)
        /// One connection is the trial.
        case onTrial(since: UInt64)
        /// Checks failed.
        case down
    }

    private enum Streak: Equatable {
        case succeeded(Int)
        case failed(Int)
    }

    private var limits: Limits
    private var state = State.up(since: 0)
    /// The times of failed connections since the last success: always fewer than ``Ejection/failures``.
    private var failures: [UInt64] = []
    /// The latest checks in a row with the same outcome; counted up to `rise` and `fall`.
    private var streak = Streak.succeeded(0)
    /// The number of ejections in a row.
    private var ejections = 0
    /// When it went down; undefined while it is up.
    private var downSince: UInt64 = 0
    /// Why it went down; nil while it is up.
    private var downCause: Cause?

    /// Makes the state of an upstream without reports: up.
    package init(limits: Limits) {
        self.limits = limits
    }

    /// The time from which a connection may try.
    ///
    /// 0 while the upstream is up, `.max` while checks keep it down.
    package var availableFrom: UInt64 {
        switch state {
        case .up: 0
        case .ejected(_, let until): until
        // The trial may expire without an outcome.
        case .onTrial(let since): Self.sum(since, limits.trialTimeout)
        case .down: .max
        }
    }

    /// Since when it is down, and why; nil while it is up.
    package var outage: Outage? {
        guard let cause = downCause else { return nil }
        var outage = Outage(since: downSince, cause: cause, retry: nil)
        if case .ejected(_, let until) = state { outage.retry = until }
        return outage
    }

    /// Whether a connection may try, unless another one claims the trial first: see ``claimAttempt(at:)``.
    package func isAvailable(at now: UInt64) -> Bool {
        let from = availableFrom
        return from <= now && from != .max
    }

    /// Whether ``connectSucceeded(startedAt:at:)`` would change anything. If not, callers may skip it.
    package var wantsSuccess: Bool {
        switch state {
        case .up: !failures.isEmpty || ejections > 0
        case .ejected, .onTrial: true
        case .down: false
        }
    }

    /// Whether a connection may try now. Claims the trial if one is due.
    ///
    /// - Parameter now: the time to pass as `startedAt` with the report of the outcome.
    package mutating func claimAttempt(at now: UInt64) -> Bool {
        guard isAvailable(at: now) else { return false }
        switch state {
        case .up: return true
        // The trial got no ICMP error within `trialTimeout`, and silence is no failure here. Each flow reports its outcome
        // at its end.
        case .onTrial where limits.mayBeSilent: return true
        case .onTrial, .ejected, .down: state = .onTrial(since: now)
        }
        return true
    }

    /// Reports that a connection was established.
    package mutating func connectSucceeded(startedAt: UInt64, at now: UInt64) -> Change? {
        switch state {
        case .up(let since) where startedAt >= since:
            failures = []
            ejections = 0
            return nil
        case .onTrial(let since) where startedAt >= since, .ejected(let since, _) where startedAt >= since:
            return goUp(at: now)
        case .up, .onTrial, .ejected, .down:
            return nil
        }
    }

    /// Reports that a connection failed.
    package mutating func connectFailed(startedAt: UInt64, at now: UInt64, errno: CInt) -> Change? {
        guard let ejection = limits.ejectionInForce else { return nil }
        switch state {
        case .up(let since) where startedAt >= since:
            failures.removeAll { now.since($0) > ejection.window }
            failures.append(now)
            guard failures.count >= ejection.failures else { return nil }
            let cause = Cause.connecting(failures: failures.count, errno: errno)
            eject(at: now, ejection)
            return goDown(because: cause, at: now)
        case .onTrial(let since) where startedAt >= since:
            eject(at: now, ejection)
            return nil
        case .ejected(let since, let until) where startedAt >= since:
            // It was tried because no upstream was available. Its next trial is postponed behind those of the upstreams
            // that failed earlier.
            state = .ejected(since: since, until: max(until, Self.sum(now, length(of: ejections, ejection))))
            return nil
        case .up, .onTrial, .ejected, .down:
            return nil
        }
    }

    /// Reports that a check succeeded.
    package mutating func checkSucceeded(at now: UInt64) -> Change? {
        guard let checks = limits.checks else { return nil }
        var successes = 1
        if case .succeeded(let before) = streak { successes = min(before + 1, checks.rise) }
        streak = .succeeded(successes)
        if case .up = state { return nil }
        return successes >= checks.rise ? goUp(at: now) : nil
    }

    /// Reports that a check failed.
    package mutating func checkFailed(_ reason: CheckFailure, at now: UInt64) -> Change? {
        guard let checks = limits.checks else { return nil }
        var failures = 1
        if case .failed(let before) = streak { failures = min(before + 1, checks.fall) }
        streak = .failed(failures)
        guard failures >= checks.fall, case .up = state else { return nil }
        state = .down
        return goDown(because: .checks(failures: failures, last: reason), at: now)
    }

    /// Applies the limits of a new configuration and keeps the state.
    ///
    /// But the upstream comes up again if the mechanism that keeps it down was removed: checks, or ejection.
    package mutating func change(_ limits: Limits, at now: UInt64) -> Change? {
        self.limits = limits
        if limits.checks == nil { streak = .succeeded(0) } else { failures = [] }
        switch state {
        case .up:
            return nil
        case .down:
            return limits.checks == nil ? goUp(at: now) : nil
        case .ejected, .onTrial:
            // With checks, only they can bring it back.
            if limits.checks != nil {
                (state, streak) = (.down, .succeeded(0))
                return nil
            }
            return limits.ejection == nil ? goUp(at: now) : nil
        }
    }

    private mutating func eject(at now: UInt64, _ ejection: Ejection) {
        ejections += 1
        failures = []
        state = .ejected(since: now, until: Self.sum(now, length(of: ejections, ejection)))
    }

    /// The duration of the ejection with this number: doubles each time, up to the longest.
    private func length(of number: Int, _ ejection: Ejection) -> UInt64 {
        var length = ejection.first
        var left = number - 1
        while left > 0, length < ejection.longest {
            length = Self.sum(length, length)
            left -= 1
        }
        return min(length, ejection.longest)
    }

    private mutating func goDown(because cause: Cause, at now: UInt64) -> Change {
        (downSince, downCause) = (now, cause)
        return .wentDown(cause)
    }

    private mutating func goUp(at now: UInt64) -> Change {
        downCause = nil
        state = .up(since: now)
        failures = []
        ejections = 0
        return .wentUp(afterNanoseconds: now.since(downSince))
    }

    /// Adds without wrapping. Never returns `.max`: in ``availableFrom`` it means that checks keep the upstream down.
    private static func sum(_ time: UInt64, _ duration: UInt64) -> UInt64 {
        let (sum, overflow) = time.addingReportingOverflow(duration)
        return overflow ? .max - 1 : min(sum, .max - 1)
    }
}
