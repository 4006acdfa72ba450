// SPDX-License-Identifier: Apache-2.0

import Addresses

/// Whether an upstream may get connections. Where it is checked, the checks alone decide; else its connections do.
///
/// - Connections. ``Ejection/failures`` failures to connect in a row, within ``Ejection/window``, eject it for
///   ``Ejection/first``. When that is over, one connection tries it, and no other until that one has succeeded, which
///   brings the upstream back, or failed, which ejects it for twice as long, up to ``Ejection/longest``. A trial without
///   outcome is given up after `trialTimeout`, and another connection may try; of an upstream that may be silent, all may.
///   Where every upstream is ejected, a connection is tried on the one that is due first (``availableFrom``): a success
///   brings it back, and a failure lets the others be due first.
/// - Checks. `fall` failures in a row take it down, and `rise` successes in a row bring it back. It starts as up, so that a
///   start waits for no check.
///
/// Times are nanoseconds of one monotonic clock. Reports may come late and from several lanes, so each says when its
/// attempt started: what started before the present state did proves nothing about it.
///
/// Concurrency: a value without a lock of its own. What lanes ask at each connection is ``availableFrom`` and
/// ``wantsSuccess``, to be published as atomics after each input.
package struct UpstreamHealth: Equatable, Sendable {
    /// When to change the verdict.
    package struct Limits: Equatable, Sendable {
        /// When failures to connect eject; nil for never. Without meaning where there are checks.
        package var ejection: Ejection? = Ejection()
        /// After how many nanoseconds a trial without outcome is given up: the connect timeout.
        package var trialTimeout: UInt64
        /// Whether silence is no bad sign: many that take datagrams never answer.
        package var mayBeSilent = false
        /// How many checks in a row must succeed, and fail; nil without active checks.
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

        /// The setting in force: none where checks decide.
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
        /// Within which time they must fail. A failure that is older is forgotten.
        package var window: UInt64 = 60_000_000_000
        /// How long the first ejection takes.
        package var first: UInt64 = 1_000_000_000
        /// The longest ejection.
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

    /// What to tell: these alternate, down first.
    package enum Change: Equatable, Sendable {
        /// New connections go elsewhere.
        case wentDown(Cause)
        /// It gets connections again, after so many nanoseconds.
        case wentUp(afterNanoseconds: UInt64)
    }

    /// Why an upstream went down.
    package enum Cause: Equatable, Sendable {
        /// So many connections in a row failed, the last one with this errno.
        case connecting(failures: Int, errno: CInt)
        /// So many checks in a row failed, the last one with this.
        case checks(failures: Int, last: CheckFailure)
    }

    private enum State: Equatable {
        /// It gets connections.
        case up(since: UInt64)
        /// Connections failed. The next may try at `until`.
        case ejected(since: UInt64, until: UInt64)
        /// One connection tries.
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
    /// When the last connections failed, since one succeeded; not more than eject.
    private var failures: [UInt64] = []
    /// How the last checks ended, since the state changed at the earliest.
    private var streak = Streak.succeeded(0)
    /// How many ejections there were in a row.
    private var ejections = 0
    /// When it went down, while it is not up.
    private var downSince: UInt64 = 0

    /// An upstream of which nothing is known: up.
    package init(limits: Limits) {
        self.limits = limits
    }

    /// From when on a connection may try: 0 while the upstream is up, `.max` while checks keep it down.
    package var availableFrom: UInt64 {
        switch state {
        case .up: 0
        case .ejected(_, let until): until
        // The trial may be over by then, without an outcome.
        case .onTrial(let since): Self.sum(since, limits.trialTimeout)
        case .down: .max
        }
    }

    /// Whether a connection may try, if no other one claims the trial first: see ``mayTry(at:)``.
    package func isAvailable(at now: UInt64) -> Bool {
        let from = availableFrom
        return from <= now && from != .max
    }

    /// Whether ``connectSucceeded(startedAt:at:)`` would change anything: it need not be called otherwise.
    package var wantsSuccess: Bool {
        switch state {
        case .up: !failures.isEmpty || ejections > 0
        case .ejected, .onTrial: true
        case .down: false
        }
    }

    /// Asks for leave to connect, which claims the trial if there is one to be had.
    ///
    /// - Parameter now: goes into the report of the outcome, as `startedAt`.
    package mutating func mayTry(at now: UInt64) -> Bool {
        guard isAvailable(at: now) else { return false }
        switch state {
        case .up: return true
        // Nothing has been refused for as long as a trial takes. Whether that was well, the end of a flow will tell.
        case .onTrial where limits.mayBeSilent: return true
        case .onTrial, .ejected, .down: state = .onTrial(since: now)
        }
        return true
    }

    /// A connection stands.
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

    /// A connection failed.
    package mutating func connectFailed(startedAt: UInt64, at now: UInt64, errno: CInt) -> Change? {
        guard let ejection = limits.ejectionInForce else { return nil }
        switch state {
        case .up(let since) where startedAt >= since:
            failures.removeAll { now.since($0) > ejection.window }
            failures.append(now)
            guard failures.count >= ejection.failures else { return nil }
            let count = failures.count
            downSince = now
            eject(at: now, ejection)
            return .wentDown(.connecting(failures: count, errno: errno))
        case .onTrial(let since) where startedAt >= since:
            eject(at: now, ejection)
            return nil
        case .ejected(let since, let until) where startedAt >= since:
            // It was tried because no other was to be had. Those that failed before are due before it.
            state = .ejected(since: since, until: max(until, Self.sum(now, length(of: ejections, ejection))))
            return nil
        case .up, .onTrial, .ejected, .down:
            return nil
        }
    }

    /// A check succeeded.
    package mutating func checkSucceeded(at now: UInt64) -> Change? {
        guard let checks = limits.checks else { return nil }
        var successes = 1
        if case .succeeded(let before) = streak { successes = min(before + 1, checks.rise) }
        streak = .succeeded(successes)
        if case .up = state { return nil }
        return successes >= checks.rise ? goUp(at: now) : nil
    }

    /// A check failed.
    package mutating func checkFailed(_ reason: CheckFailure, at now: UInt64) -> Change? {
        guard let checks = limits.checks else { return nil }
        var failures = 1
        if case .failed(let before) = streak { failures = min(before + 1, checks.fall) }
        streak = .failed(failures)
        guard failures >= checks.fall, case .up = state else { return nil }
        state = .down
        downSince = now
        return .wentDown(.checks(failures: failures, last: reason))
    }

    /// A new configuration has other limits. What is known stays known, but nothing keeps it down that is not in force any
    /// more: no checks where there are none, and no ejection where nothing ejects.
    package mutating func change(_ limits: Limits, at now: UInt64) -> Change? {
        self.limits = limits
        if limits.checks == nil { streak = .succeeded(0) } else { failures = [] }
        switch state {
        case .up:
            return nil
        case .down:
            return limits.checks == nil ? goUp(at: now) : nil
        case .ejected, .onTrial:
            // From now on only checks can bring it back.
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

    /// How long the ejection with this number takes: each twice as long as the one before.
    private func length(of number: Int, _ ejection: Ejection) -> UInt64 {
        var length = ejection.first
        var left = number - 1
        while left > 0, length < ejection.longest {
            length = Self.sum(length, length)
            left -= 1
        }
        return min(length, ejection.longest)
    }

    private mutating func goUp(at now: UInt64) -> Change {
        state = .up(since: now)
        failures = []
        ejections = 0
        return .wentUp(afterNanoseconds: now.since(downSince))
    }

    /// A time that never wraps around, and never means "down by checks".
    private static func sum(_ time: UInt64, _ duration: UInt64) -> UInt64 {
        let (sum, overflow) = time.addingReportingOverflow(duration)
        return overflow ? .max - 1 : min(sum, .max - 1)
    }
}
