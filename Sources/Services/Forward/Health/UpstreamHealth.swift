// SPDX-License-Identifier: Apache-2.0

/// Whether an upstream may get connections: what its own connections tell, and what active checks tell.
///
/// - Connections. `failureLimit` failures to connect in a row eject it, for one second. When that is over, one connection
///   tries it, and nobody else until that one has told how it went: well, and the upstream is back; not, and it is ejected
///   for twice as long, up to a minute. A trial that tells nothing counts for nothing after `trialTimeout`, and another
///   connection may try; of an upstream that may well be silent, all may.
/// - Checks. `fall` failures in a row take it down and only `rise` successes in a row bring it back, which they do for an
///   ejected one too. It starts as up, so that a start waits for no check.
///
/// Times are nanoseconds of one monotonic clock. Reports may come late and from several lanes, so each says when its
/// attempt started: what started before the present state did proves nothing about it.
///
/// Concurrency: a value without a lock of its own. What lanes ask at each connection is ``availableFrom`` and
/// ``wantsSuccess``, to be published as atomics after each input.
struct UpstreamHealth: Equatable, Sendable {
    /// When to change one's mind.
    struct Limits: Equatable, Sendable {
        /// How many failures to connect in a row eject.
        var failureLimit = 3
        /// After how many nanoseconds a trial that told nothing is given up: the connect timeout.
        var trialTimeout: UInt64
        /// Whether to hear nothing of it is no bad sign: many who take datagrams never answer.
        var mayBeSilent = false
        /// How many checks in a row must succeed, and fail; nil without active checks.
        var checks: Checks?

        /// The values `rise` and `fall`.
        struct Checks: Equatable, Sendable {
            var rise: Int
            var fall: Int
        }
    }

    /// What to tell the world: these come in turns, down first.
    enum Change: Equatable, Sendable {
        /// New connections go elsewhere.
        case wentDown(Cause)
        /// It gets connections again, after so many nanoseconds.
        case wentUp(afterNanoseconds: UInt64)
    }

    /// Why an upstream went down.
    enum Cause: Equatable, Sendable {
        /// So many connections in a row failed, the last one with this errno; 0 where there was no address to try.
        case connecting(failures: Int, errno: CInt)
        /// So many checks in a row failed, the last one with this.
        case checks(failures: Int, last: CheckFailure)
    }

    private enum State: Equatable {
        /// Connections come; so many of the last ones failed.
        case up(since: UInt64, failures: Int)
        /// Connections failed. The next may try at `until`.
        case ejected(until: UInt64)
        /// One connection tries.
        case onTrial(since: UInt64)
        /// Checks failed.
        case down
    }

    private enum Streak: Equatable {
        case succeeded(Int)
        case failed(Int)
    }

    /// The first ejection takes a second.
    static let shortestEjection: UInt64 = 1_000_000_000
    /// No ejection takes more than a minute.
    static let longestEjection: UInt64 = 60_000_000_000

    private var limits: Limits
    private var state = State.up(since: 0, failures: 0)
    /// How the last checks went, since the state changed at the earliest.
    private var streak = Streak.succeeded(0)
    /// How long the next ejection takes.
    private var ejection = Self.shortestEjection
    /// When it went down, while it is not up.
    private var downSince: UInt64 = 0

    /// An upstream of which nothing is known: up.
    init(limits: Limits) {
        self.limits = limits
    }

    /// From when on a connection may try: 0 while the upstream is up, `.max` while checks keep it down.
    var availableFrom: UInt64 {
        switch state {
        case .up: 0
        case .ejected(let until): until
        // The trial may be over by then, without a word.
        case .onTrial(let since): Self.sum(since, limits.trialTimeout)
        case .down: .max
        }
    }

    /// Whether a connection may try, if no other one claims the trial first: see ``mayTry(at:)``.
    func isAvailable(at now: UInt64) -> Bool {
        let from = availableFrom
        return from <= now && from != .max
    }

    /// Whether ``connectSucceeded(startedAt:at:)`` would change anything: it need not be called otherwise.
    var wantsSuccess: Bool {
        switch state {
        case .up(_, let failures): failures > 0 || ejection != Self.shortestEjection
        case .onTrial: true
        case .ejected, .down: false
        }
    }

    /// Asks for leave to connect, which claims the trial if there is one to be had.
    ///
    /// - Parameter now: goes into the report of how it went, as `startedAt`.
    mutating func mayTry(at now: UInt64) -> Bool {
        guard isAvailable(at: now) else { return false }
        switch state {
        case .up: return true
        // Nobody has refused anything for as long as a trial takes. Whether that was well, the end of a flow will tell.
        case .onTrial where limits.mayBeSilent: return true
        case .onTrial, .ejected, .down: state = .onTrial(since: now)
        }
        return true
    }

    /// A connection stands.
    mutating func connectSucceeded(startedAt: UInt64, at now: UInt64) -> Change? {
        switch state {
        case .up(let since, _) where startedAt >= since:
            state = .up(since: since, failures: 0)
            ejection = Self.shortestEjection
            return nil
        case .onTrial(let since) where startedAt >= since:
            ejection = Self.shortestEjection
            return goUp(at: now)
        case .up, .onTrial, .ejected, .down:
            return nil
        }
    }

    /// A connection failed to come about.
    mutating func connectFailed(startedAt: UInt64, at now: UInt64, errno: CInt) -> Change? {
        switch state {
        case .up(let since, let failures) where startedAt >= since:
            state = .up(since: since, failures: failures + 1)
            guard failures + 1 >= limits.failureLimit else { return nil }
            eject(at: now)
            downSince = now
            return .wentDown(.connecting(failures: failures + 1, errno: errno))
        case .onTrial(let since) where startedAt >= since:
            eject(at: now)
            return nil
        case .up, .onTrial, .ejected, .down:
            return nil
        }
    }

    /// A check went well.
    mutating func checkSucceeded(at now: UInt64) -> Change? {
        guard let checks = limits.checks else { return nil }
        var successes = 1
        if case .succeeded(let before) = streak { successes = min(before + 1, checks.rise) }
        streak = .succeeded(successes)
        if case .up = state { return nil }
        return successes >= checks.rise ? goUp(at: now) : nil
    }

    /// A check went wrong.
    mutating func checkFailed(_ reason: CheckFailure, at now: UInt64) -> Change? {
        guard let checks = limits.checks else { return nil }
        var failures = 1
        if case .failed(let before) = streak { failures = min(before + 1, checks.fall) }
        streak = .failed(failures)
        guard failures >= checks.fall, state != .down else { return nil }
        defer { state = .down }
        // Ejected, it is down already; from now on no trial brings it back.
        guard case .up = state else { return nil }
        downSince = now
        return .wentDown(.checks(failures: failures, last: reason))
    }

    /// A new configuration says when to change one's mind. What is known stays known; but where there are no checks any
    /// more, none can keep it down.
    mutating func change(_ limits: Limits, at now: UInt64) -> Change? {
        self.limits = limits
        guard limits.checks == nil else { return nil }
        streak = .succeeded(0)
        return state == .down ? goUp(at: now) : nil
    }

    private mutating func eject(at now: UInt64) {
        state = .ejected(until: Self.sum(now, ejection))
        ejection = min(2 * ejection, Self.longestEjection)
        // Only what checks see from now on can contradict this.
        if case .succeeded = streak { streak = .succeeded(0) }
    }

    private mutating func goUp(at now: UInt64) -> Change {
        state = .up(since: now, failures: 0)
        return .wentUp(afterNanoseconds: now > downSince ? now - downSince : 0)
    }

    /// A time that never wraps around, and never means "down by checks".
    private static func sum(_ time: UInt64, _ duration: UInt64) -> UInt64 {
        let (sum, overflow) = time.addingReportingOverflow(duration)
        return overflow ? .max - 1 : min(sum, .max - 1)
    }
}
