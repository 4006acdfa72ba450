// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Relaying

/// Every short sequence of inputs, against what must hold whatever happens.
@Suite struct UpstreamHealthSequenceTests {
    private static let second: UInt64 = 1_000_000_000
    private static let trialTimeout = 5 * second
    private static let shortTime = second
    private static let longTime = 61 * second

    /// What may happen next.
    enum Input: CaseIterable {
        case ask, askAnyway, succeedFirst, succeedLast, failFirst, failLast, checkSucceeds, checkFails, shortTime,
            longTime
    }

    /// An upstream and what someone who watches it knows.
    struct Watched {
        var health: UpstreamHealth
        var now = 10 * second
        /// When the attempts that were allowed started, without those that were reported.
        var attempts: [UInt64] = []
        /// When the attempt that was allowed last, while the upstream was not up, started; nil once it was reported.
        var trial: UInt64?
        /// Whether the last change was to down.
        var isDown = false
        /// When it went down, or a trial began: what started before does not count.
        var downSince: UInt64 = 0
        /// How many of the last checks failed.
        var checkFailures = 0

        /// Applies an input and says what is wrong with what it did.
        mutating func apply(_ input: Input, fall: Int, hasChecks: Bool) -> String? {
            now += 1
            let before = health
            var change: UpstreamHealth.Change?
            switch input {
            case .ask:
                let isAvailable = health.isAvailable(at: now)
                let leave = health.claimAttempt(at: now)
                if leave != isAvailable { return "leave against the query" }
                if !isDown && !leave { return "up, but no leave" }
                if isDown && leave {
                    if let trial, now < trial + trialTimeout { return "two trials at once" }
                    (trial, downSince) = (now, now)
                }
                if leave { attempts.append(now) }
            case .askAnyway:
                // Where every upstream is ejected, one is tried without leave.
                attempts.append(now)
            case .succeedFirst, .succeedLast, .failFirst, .failLast:
                guard !attempts.isEmpty else { return nil }
                let isFirst = input == .succeedFirst || input == .failFirst
                let started = isFirst ? attempts.removeFirst() : attempts.removeLast()
                let succeeds = input == .succeedFirst || input == .succeedLast
                change =
                    succeeds
                    ? health.connectSucceeded(startedAt: started, at: now)
                    : health.connectFailed(startedAt: started, at: now, errno: 1)
                if isDown && started < downSince && health != before { return "from before, but it counts" }
                if hasChecks && health != before { return "it is checked, but a connection counts" }
                if isDown && started == trial && !succeeds && health.isAvailable(at: now) { return "failed, yet up" }
                if started == trial { trial = nil }
                if succeeds, case .wentDown = change { return "down by success" }
                if !succeeds, case .wentUp = change { return "up by failure" }
            case .checkSucceeds:
                change = health.checkSucceeded(at: now)
                checkFailures = 0
                if case .wentDown = change { return "down by success" }
            case .checkFails:
                change = health.checkFailed(.closed, at: now)
                checkFailures += 1
                if case .wentUp = change { return "up by failure" }
                if hasChecks && checkFailures >= fall && health.availableFrom != .max { return "not down after fall" }
            case .shortTime: now += UpstreamHealthSequenceTests.shortTime
            case .longTime: now += UpstreamHealthSequenceTests.longTime
            }
            switch change {
            case .wentDown where isDown: return "down twice"
            case .wentUp where !isDown: return "up twice"
            case .wentDown: (isDown, trial, downSince) = (true, nil, now)
            case .wentUp: (isDown, trial) = (false, nil)
            case nil: break
            }
            if isDown == (health.availableFrom == 0) { return "a change that nobody was told" }
            if !hasChecks && health.availableFrom == .max { return "down by checks that there are not" }
            return canRecover ? nil : "no way back"
        }

        /// A minute and a trial that succeeds, or some checks that do, make it up from wherever it is.
        private var canRecover: Bool {
            guard isDown else { return true }
            var health = health
            let later = now + longTime + trialTimeout
            if health.availableFrom == .max {
                return (0..<2).contains { _ in health.checkSucceeded(at: later) != nil }
            }
            return health.claimAttempt(at: later) && health.connectSucceeded(startedAt: later, at: later) != nil
        }
    }

    private static let limits: [UpstreamHealth.Limits] = [
        .init(ejection: .init(failures: 1), trialTimeout: trialTimeout),
        .init(ejection: .init(failures: 2), trialTimeout: trialTimeout),
        .init(ejection: nil, trialTimeout: trialTimeout),
        .init(ejection: .init(failures: 1), trialTimeout: trialTimeout, checks: .init(rise: 1, fall: 1)),
        .init(ejection: .init(failures: 1), trialTimeout: trialTimeout, checks: .init(rise: 2, fall: 2)),
    ]

    @Test(arguments: limits) func `every sequence of reports keeps the invariants`(limits: UpstreamHealth.Limits) {
        var mistakes: [String] = []
        var steps = 0
        func explore(_ watched: Watched, _ path: [Input]) {
            guard path.count < 5, mistakes.count < 10 else { return }
            for input in Input.allCases {
                var next = watched
                steps += 1
                if let mistake = next.apply(input, fall: limits.checks?.fall ?? 0, hasChecks: limits.checks != nil) {
                    mistakes.append("\(path + [input]): \(mistake)")
                } else {
                    explore(next, path + [input])
                }
            }
        }
        explore(Watched(health: UpstreamHealth(limits: limits)), [])
        #expect(mistakes.isEmpty)
        #expect(steps == (1...5).reduce(0) { sum, length in sum + (0..<length).reduce(1) { power, _ in power * 10 } })
    }

    /// Longer ones, at random.
    @Test(arguments: limits) func `long sequences of reports keep the invariants`(limits: UpstreamHealth.Limits) {
        var random = SplitMix(seed: 13)
        for _ in 0..<300 {
            var watched = Watched(health: UpstreamHealth(limits: limits))
            var path: [Input] = []
            for _ in 0..<60 {
                let input = Input.allCases.randomElement(using: &random) ?? .ask
                path.append(input)
                let mistake = watched.apply(input, fall: limits.checks?.fall ?? 0, hasChecks: limits.checks != nil)
                guard let mistake else { continue }
                Issue.record("\(path): \(mistake)")
                return
            }
        }
    }
}
