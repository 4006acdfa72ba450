// SPDX-License-Identifier: Apache-2.0

import Records
import TestSupport
import Testing

@testable import Reactor

struct RefusalReportTests {
    private static let second: UInt64 = 1_000_000_000

    /// What a report did with some refusals, by one reason.
    private struct Outcome: Equatable {
        var records = 0
        var counted: UInt64 = 0
        var summaries: [RefusalReport.Rest] = []
    }

    /// Feeds refusals at times in ascending order, and passes each deadline when it is due.
    private static func run(_ times: [UInt64]) -> Outcome {
        var report = RefusalReport()
        var outcome = Outcome()
        var deadline: UInt64?
        for time in times {
            if let due = deadline, due <= time {
                outcome.summaries += [report.endInterval()].compactMap(\.self)
                deadline = nil
            }
            switch report.note(.daemonLimit(1), at: time) {
            case .record: outcome.records += 1
            case .firstRecord(let end):
                outcome.records += 1
                deadline = end
            case .count: outcome.counted += 1
            }
        }
        outcome.summaries += [report.endInterval()].compactMap(\.self)
        return outcome
    }

    @Test func `the first ten in ten seconds have a record each, the rest share one`() {
        let times = (0..<25).map { 100 * Self.second + UInt64($0) * 1000 }
        let outcome = Self.run(times)
        #expect(outcome.records == 10)
        #expect(
            outcome.summaries == [
                .init(refusal: .daemonLimit(1), count: 15, from: times[10], until: times[24])
            ])
    }

    @Test func `ten refusals need no shared record`() {
        #expect(Self.run((0..<10).map { UInt64($0) }) == Outcome(records: 10, counted: 0, summaries: []))
    }

    @Test func `after ten seconds the count begins again`() {
        let outcome = Self.run([0, 10 * Self.second - 1, 10 * Self.second, 20 * Self.second])
        #expect(outcome == Outcome(records: 4, counted: 0, summaries: []))
    }

    @Test func `a clock that is behind does not move the end of the interval`() {
        var report = RefusalReport()
        for _ in 0..<11 { _ = report.note(.ownAddress, at: 50) }
        _ = report.note(.ownAddress, at: 40)
        #expect(report.endInterval() == .init(refusal: .ownAddress, count: 2, from: 50, until: 50))
    }

    @Test func `each refusal is recorded or counted, whatever their times`() {
        var random = SplitMix(seed: 11)
        for _ in 0..<200 {
            var now: UInt64 = 0
            let times = (0..<Int.random(in: 1...80, using: &random)).map { _ in
                now += UInt64.random(in: 0...(2 * Self.second), using: &random)
                return now
            }
            let outcome = Self.run(times)
            let shared = outcome.summaries.reduce(0) { $0 + $1.count }
            #expect(shared == outcome.counted)
            #expect(UInt64(outcome.records) + shared == UInt64(times.count))
            for rest in outcome.summaries {
                #expect(rest.from <= rest.until)
                #expect(rest.until - rest.from < RefusalReport.interval)
            }
        }
    }
}
