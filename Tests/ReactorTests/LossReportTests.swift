// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Reactor

@Suite struct LossReportTests {
    private static let interval = LossReport.interval

    /// One thing that happens to a report at a time, and what it says then.
    enum Step: Sendable {
        case note(UInt64, at: UInt64, says: UInt64?)
        case check(UInt64, says: UInt64?)
        case takeRest(says: UInt64?)
    }

    @Test(
        arguments: [
            // The first one at once, those that follow together.
            [
                .note(1, at: 5, says: 1), .note(2, at: 6, says: nil), .note(3, at: 7, says: nil),
                .check(5 + interval, says: 5),
            ],
            // Not a nanosecond before.
            [
                .note(1, at: 0, says: 1), .note(1, at: 1, says: nil), .check(interval - 1, says: nil),
                .check(interval, says: 1),
            ],
            // Each record puts the next one off.
            [
                .note(1, at: 0, says: 1), .note(1, at: 1, says: nil), .check(interval, says: 1),
                .note(4, at: interval + 1, says: nil), .check(2 * interval - 1, says: nil),
                .check(2 * interval, says: 4),
            ],
            // After an interval of quiet, the next one is told of at once again.
            [.note(1, at: 0, says: 1), .check(interval, says: nil), .note(7, at: interval + 1, says: 7)],
            // Late.
            [.note(1, at: 0, says: 1), .note(2, at: 1, says: nil), .check(100 * interval, says: 2)],
            // At the end, what was not told of.
            [.note(1, at: 0, says: 1), .takeRest(says: nil)],
            [.note(1, at: 0, says: 1), .note(9, at: 1, says: nil), .takeRest(says: 9), .takeRest(says: nil)],
            // Nothing is nothing.
            [.note(0, at: 0, says: nil), .check(interval, says: nil), .takeRest(says: nil), .note(1, at: 1, says: 1)],
        ] as [[Step]])
    func `each loss is reported once, at most every ten seconds`(steps: [Step]) {
        var report = LossReport()
        for (number, step) in steps.enumerated() {
            switch step {
            case .note(let count, let now, let said): #expect(report.note(count, at: now) == said, "step \(number)")
            case .check(let now, let said): #expect(report.check(at: now) == said, "step \(number)")
            case .takeRest(let said): #expect(report.takeRest() == said, "step \(number)")
            }
        }
    }

    @Test func `a million losses in a minute make seven records that count all`() {
        var report = LossReport()
        var told: [UInt64] = []
        let step: UInt64 = 60_000
        for number in 0..<1_000_000 as Range<UInt64> {
            if let next = report.next, next <= number * step, let count = report.check(at: number * step) {
                told.append(count)
            }
            if let count = report.note(1, at: number * step) { told.append(count) }
        }
        if let count = report.takeRest() { told.append(count) }
        #expect(told.count == 7)
        #expect(told.reduce(0, +) == 1_000_000)
    }
}
