// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Relaying

@Suite struct UpstreamHealthTests {
    typealias Health = UpstreamHealth

    private static let second: UInt64 = 1_000_000_000
    private static let start: UInt64 = 1_000_000 * second
    private static let passive = Health.Limits(trialTimeout: 5 * second, checks: nil)
    private static let active = Health.Limits(trialTimeout: 5 * second, checks: .init(rise: 2, fall: 3))
    private static let ejected = Health.Change.wentDown(.connecting(failures: 3, errno: ECONNREFUSED))
    private static let checkedDown = Health.Change.wentDown(.checks(failures: 3, last: .timedOut))

    /// What happens, at the time that it has come to.
    enum Input: Sendable {
        /// So many seconds pass.
        case wait(UInt64)
        /// A connection asks for leave, and gets it or not.
        case ask(Bool)
        /// The last one that got leave, or the nth before it, succeeds or fails.
        case succeed(before: Int = 0)
        case fail(before: Int = 0)
        case check(Bool)
    }

    /// Plays inputs and returns the change that each brought.
    private func play(_ inputs: [Input], on health: inout Health, from time: UInt64 = start) -> [Health.Change?] {
        var now = time
        var started: [UInt64] = []
        return inputs.map { input in
            switch input {
            case .wait(let seconds):
                now += seconds * Self.second
            case .ask(let leave):
                // Two attempts never start in the same nanosecond here, so that a report names one of them.
                now += 1
                #expect(health.isAvailable(at: now) == leave)
                let hasLeave = health.claimAttempt(at: now)
                #expect(hasLeave == leave)
                if leave { started.append(now) }
            case .succeed(let before):
                return health.connectSucceeded(startedAt: started[started.count - 1 - before], at: now)
            case .fail(let before):
                return health.connectFailed(
                    startedAt: started[started.count - 1 - before], at: now, errno: ECONNREFUSED)
            case .check(true):
                return health.checkSucceeded(at: now)
            case .check(false):
                return health.checkFailed(.timedOut, at: now)
            }
            return nil
        }
    }

    private func changes(_ inputs: [Input], _ limits: Health.Limits) -> [Health.Change] {
        var health = Health(limits: limits)
        return play(inputs, on: &health).compactMap { $0 }
    }

    private static let threeFailures: [Input] = [.ask(true), .fail(), .ask(true), .fail(), .ask(true), .fail()]

    @Test func `an outage says since when, why and until when`() {
        var health = Health(limits: Self.passive)
        #expect(health.outage == nil)
        _ = play(Self.threeFailures, on: &health)
        let since = Self.start + 3
        let cause = Health.Cause.connecting(failures: 3, errno: ECONNREFUSED)
        #expect(health.outage == Health.Outage(since: since, cause: cause, retry: since + Self.second))
        let trial = since + Self.second
        _ = health.claimAttempt(at: trial)
        #expect(health.outage == Health.Outage(since: since, cause: cause, retry: nil), "one tries it now")
        _ = health.connectFailed(startedAt: trial, at: trial, errno: EHOSTDOWN)
        #expect(health.outage == Health.Outage(since: since, cause: cause, retry: trial + 2 * Self.second))
        _ = health.claimAttempt(at: trial + 2 * Self.second)
        _ = health.connectSucceeded(startedAt: trial + 2 * Self.second, at: trial + 2 * Self.second)
        #expect(health.outage == nil)

        var checked = Health(limits: Self.active)
        _ = play([.check(false), .wait(1), .check(false), .wait(1), .check(false)], on: &checked)
        let down = Health.Cause.checks(failures: 3, last: .timedOut)
        #expect(checked.outage == Health.Outage(since: Self.start + 2 * Self.second, cause: down, retry: nil))
        _ = play([.check(true), .check(true)], on: &checked)
        #expect(checked.outage == nil)
    }

    @Test func `an upstream is up at first, with checks and without`() {
        for limits in [Self.passive, Self.active] {
            let health = Health(limits: limits)
            #expect(health.availableFrom == 0)
            #expect(health.isAvailable(at: 0))
            #expect(!health.wantsSuccess)
        }
    }

    @Test func `only consecutive failures eject`() {
        #expect(changes(Self.threeFailures, Self.passive) == [Self.ejected])
        let interrupted: [Input] = [.ask(true), .fail(), .ask(true), .fail(), .ask(true), .succeed()]
        #expect(changes(interrupted + interrupted + interrupted, Self.passive) == [])
        #expect(changes(interrupted + Self.threeFailures, Self.passive) == [Self.ejected])
    }

    @Test func `a success is needed only if it changes the state`() {
        var health = Health(limits: Self.passive)
        _ = play([.ask(true), .fail()], on: &health)
        #expect(health.wantsSuccess)
        _ = play([.ask(true), .succeed()], on: &health)
        #expect(!health.wantsSuccess)
        // Ejected, it may be tried where every other upstream is ejected too.
        _ = play(Self.threeFailures, on: &health)
        #expect(health.wantsSuccess)
        _ = play([.wait(2), .ask(true)], on: &health)
        #expect(health.wantsSuccess)
        var checked = Health(limits: Self.active)
        _ = play([.check(false), .check(false), .check(false)], on: &checked)
        #expect(!checked.wantsSuccess)
    }

    @Test func `after the ejection one connection is a trial, and its success ends it`() {
        let after: [Input] = [
            .ask(false), .wait(1), .ask(true), .ask(false), .wait(4), .ask(false), .succeed(), .ask(true), .ask(true),
        ]
        let changes = changes(Self.threeFailures + after, Self.passive)
        #expect(changes.count == 2 && changes.first == Self.ejected)
        guard case .wentUp(let nanoseconds) = changes.last else {
            Issue.record("\(changes)")
            return
        }
        #expect(nanoseconds / Self.second == 5)
    }

    @Test func `each ejection is twice as long, up to a minute, and a success resets it`() {
        var health = Health(limits: Self.passive)
        var now = Self.start
        for _ in 0..<3 {
            #expect(health.claimAttempt(at: now) == true)
            _ = health.connectFailed(startedAt: now, at: now, errno: ETIMEDOUT)
        }
        for length in [1, 2, 4, 8, 16, 32, 60, 60, 60] as [UInt64] {
            #expect(health.availableFrom == now + length * Self.second)
            #expect(health.claimAttempt(at: now + length * Self.second - 1) == false)
            now += length * Self.second
            #expect(health.claimAttempt(at: now) == true)
            now += 7
            #expect(health.connectFailed(startedAt: now - 7, at: now, errno: ETIMEDOUT) == nil)
        }
        now += 60 * Self.second
        #expect(health.claimAttempt(at: now) == true)
        #expect(health.connectSucceeded(startedAt: now, at: now) != nil)
        for _ in 0..<3 { _ = health.connectFailed(startedAt: now, at: now, errno: ETIMEDOUT) }
        #expect(health.availableFrom == now + Self.second)
    }

    @Test func `a trial without a result is given up`() {
        let changes = changes(
            Self.threeFailures + [
                .wait(1), .ask(true), .wait(4), .ask(false), .wait(1), .ask(true), .ask(false),
                // The first one tells at last, but the second one is the trial now.
                .fail(before: 1), .ask(false), .succeed(before: 1), .ask(false), .succeed(), .ask(true),
            ], Self.passive)
        #expect(changes.count == 2)
    }

    /// Who takes datagrams and never answers would else get one in each `trialTimeout` for ever.
    @Test func `a silent trial of a datagram upstream ends the ejection`() {
        var limits = Self.passive
        limits.mayBeSilent = true
        let changes = changes(
            Self.threeFailures + [
                .wait(1), .ask(true), .ask(false), .wait(4), .ask(false), .wait(1), .ask(true), .ask(true),
                // Any of them may tell how it is.
                .succeed(before: 1), .ask(true), .fail(), .ask(true), .succeed(), .ask(true),
            ], limits)
        #expect(changes.count == 2)
    }

    @Test func `a refusal during a silent trial extends the ejection`() {
        var limits = Self.passive
        limits.mayBeSilent = true
        let inputs: [Input] = [.wait(1), .ask(true), .wait(5), .ask(true), .fail(), .ask(false)]
        #expect(changes(Self.threeFailures + inputs, limits).count == 1)
    }

    /// A connection that started before says nothing about what came after.
    @Test func `a late report does not count for the trial`() {
        let late: [Input] = [.ask(true), .ask(true), .ask(true)]
        // Those of before fail or succeed while it is ejected, and while the trial is under way.
        let inputs: [Input] = [
            .fail(before: 3), .succeed(before: 4), .ask(false), .wait(1), .ask(true),
            .fail(before: 4), .succeed(before: 5), .ask(false), .fail(), .ask(false), .wait(1), .ask(false), .wait(1),
            .ask(true),
        ]
        #expect(changes(late + Self.threeFailures + inputs, Self.passive) == [Self.ejected])
        // And once it is up again, they do not count either.
        let again: [Input] = [
            .wait(1), .ask(true), .succeed(), .fail(before: 4), .fail(before: 5), .fail(before: 6), .ask(true),
        ]
        #expect(changes(late + Self.threeFailures + again, Self.passive).count == 2)
    }

    @Test func `checks decide up and down`() {
        let down: [Input] = [.check(false), .ask(true), .check(false), .check(false)]
        #expect(changes(down, Self.active) == [Self.checkedDown])
        #expect(changes([.check(false), .check(false), .check(true)] + down.dropLast(), Self.active) == [])
        #expect(changes(down + [.wait(3600), .ask(false)], Self.active) == [Self.checkedDown])
        // More of the same changes nothing, and successes count only in a row.
        let up: [Input] = [
            .check(false), .check(true), .check(false), .check(true), .wait(9), .check(true), .ask(true),
        ]
        #expect(changes(down + up, Self.active) == [Self.checkedDown, .wentUp(afterNanoseconds: 9 * Self.second)])
    }

    @Test func `connections do not change a state that checks decide`() {
        let inputs: [Input] = [
            .ask(true), .ask(true), .check(false), .check(false), .check(false), .succeed(), .fail(before: 1),
            .ask(false),
        ]
        #expect(changes(inputs, Self.active) == [Self.checkedDown])
    }

    @Test func `failures of connections do not eject an upstream that is checked`() {
        let failures = Self.threeFailures + Self.threeFailures + Self.threeFailures
        #expect(changes(failures + [.ask(true)], Self.active) == [])
        // Nor do they hurry what the checks find, or hold it up.
        let checks: [Input] = [.check(false), .check(false)]
        #expect(
            changes(failures + checks + [.ask(true), .succeed(), .check(false)], Self.active) == [Self.checkedDown])
    }

    @Test func `with eject = false nothing ejects`() {
        var limits = Self.passive
        limits.ejection = nil
        #expect(changes(Self.threeFailures + Self.threeFailures + [.ask(true)], limits) == [])
    }

    @Test func `a failure outside the window does not count`() {
        var limits = Self.passive
        limits.ejection = .init(failures: 3, window: 10 * Self.second)
        let fail: [Input] = [.ask(true), .fail()]
        #expect(changes(fail + [.wait(6)] + fail + [.wait(6)] + fail + [.wait(6)] + fail, limits) == [])
        #expect(changes(fail + [.wait(5)] + fail + [.wait(4)] + fail, limits) == [Self.ejected])
        #expect(changes(fail + [.wait(11)] + fail + fail + [.wait(9)] + fail, limits) == [Self.ejected])
    }

    @Test func `first and longest limit the ejections`() {
        var limits = Self.passive
        limits.ejection = .init(failures: 1, first: 3 * Self.second, longest: 10 * Self.second)
        var health = Health(limits: limits)
        var now = Self.start
        for length in [3, 6, 10, 10] as [UInt64] {
            #expect(health.claimAttempt(at: now) == true)
            _ = health.connectFailed(startedAt: now, at: now, errno: ECONNREFUSED)
            #expect(health.availableFrom == now + length * Self.second)
            now += length * Self.second
        }
    }

    /// Where every upstream is ejected, one is tried without leave.
    @Test func `an attempt during an ejection may end it, and does not extend it`() {
        var health = Health(limits: Self.passive)
        var now = Self.start
        for _ in 0..<3 { _ = health.connectFailed(startedAt: now, at: now, errno: ECONNREFUSED) }
        #expect(health.availableFrom == now + Self.second)
        for _ in 0..<20 {
            now += Self.second / 10
            #expect(health.connectFailed(startedAt: now, at: now, errno: ECONNREFUSED) == nil)
            #expect(health.availableFrom == now + Self.second)
        }
        // What was started before it was ejected proves nothing.
        #expect(health.connectSucceeded(startedAt: Self.start - 1, at: now) == nil)
        #expect(health.connectSucceeded(startedAt: now, at: now + 1) == .wentUp(afterNanoseconds: now + 1 - Self.start))
        #expect(health.availableFrom == 0)
    }

    @Test func `an ejected upstream that gets checks waits for them`() {
        var health = Health(limits: Self.passive)
        _ = play(Self.threeFailures, on: &health)
        #expect(health.change(Self.active, at: Self.start + 1) == nil)
        #expect(health.availableFrom == .max && !health.wantsSuccess)
        #expect(health.checkSucceeded(at: Self.start + 2) == nil)
        #expect(health.checkSucceeded(at: Self.start + Self.second) != nil)
        #expect(health.availableFrom == 0)
    }

    @Test func `an ejection ends when ejection is disabled`() {
        var limits = Self.passive
        limits.ejection = nil
        for isOnTrial in [false, true] {
            var health = Health(limits: Self.passive)
            _ = play(Self.threeFailures + (isOnTrial ? [.wait(1), .ask(true)] : []), on: &health)
            #expect(health.change(limits, at: Self.start + Self.second) != nil)
            #expect(health.availableFrom == 0)
        }
    }

    @Test func `reports of checks have no effect without checks`() {
        #expect(changes([.check(false), .check(false), .check(false), .ask(true)], Self.passive) == [])
        #expect(
            changes(Self.threeFailures + [.check(true), .check(true), .ask(false)], Self.passive) == [Self.ejected])
    }

    @Test func `a new configuration keeps the state`() {
        var health = Health(limits: Self.passive)
        _ = play([.ask(true), .fail(), .ask(true), .fail()], on: &health)
        #expect(health.change(Self.passive, at: Self.start + 1) == nil)
        #expect(health.connectFailed(startedAt: Self.start, at: Self.start + 2, errno: ECONNREFUSED) == Self.ejected)
        let from = health.availableFrom
        #expect(health.change(Self.passive, at: Self.start + 3) == nil)
        #expect(health.availableFrom == from)

        var checked = Health(limits: Self.active)
        _ = play([.check(false), .check(false), .check(false)], on: &checked)
        #expect(checked.change(.init(trialTimeout: 1, checks: .init(rise: 1, fall: 1)), at: Self.start + 1) == nil)
        #expect(checked.availableFrom == .max)
        #expect(checked.checkSucceeded(at: Self.start + 1) != nil)
    }

    @Test func `a configuration without checks ends a down state of checks`() {
        var health = Health(limits: Self.active)
        _ = play([.check(false), .check(false), .check(false)], on: &health)
        #expect(
            health.change(Self.passive, at: Self.start + Self.second) == .wentUp(afterNanoseconds: Self.second))
        #expect(health.isAvailable(at: Self.start + Self.second))
    }

    @Test func `extreme and differing clocks do no harm`() {
        var health = Health(limits: .init(ejection: .init(failures: 1), trialTimeout: .max))
        #expect(health.connectFailed(startedAt: .max - 1, at: .max - 1, errno: 1) != nil)
        #expect(health.availableFrom == UInt64.max - 1)
        #expect(health.claimAttempt(at: .max) == true)
        #expect(health.claimAttempt(at: 0) == false)
        #expect(health.connectSucceeded(startedAt: .max, at: 0) == .wentUp(afterNanoseconds: 0))
    }
}
