// SPDX-License-Identifier: Apache-2.0

import Addresses
import ControlProtocol

/// Which connections `top` asks for, and what they are compared with. Pure.
///
/// The daemon knows no rates, so for the order by rate all connections are compared. If there are many, that happens only now
/// and then; in between only those that were the fastest are asked for.
struct TopRanking: Sendable {
    /// How long the comparison of all connections holds, in nanoseconds.
    static let validity: UInt64 = 10_000_000_000

    /// How many connections are so few that all are asked for each time.
    static let few = 500

    /// How many of the fastest are asked for in between.
    private static let candidateRange = 100...900

    /// Each connection as it was when it was last asked for.
    private(set) var known: [UInt64: ConnectionStatus] = [:]

    /// How many connections match.
    private(set) var count = 0

    /// Whether ``known`` has all that match ``filter``.
    private var isComplete = false
    private var filter = ConnectionFilter()

    /// When that was so, by ``TopSample/received``.
    private var completed: UInt64 = 0

    /// The fastest ones, and when all were compared, by ``TopSample/received``; nil if they were not.
    private var candidates: [UInt64] = []
    private var compared: UInt64?

    /// The time of the last sample.
    private var latest: UInt64 = 0

    /// The numbers of the connections to ask for in the order by rate; nil for all that match.
    func numbers(for filter: ConnectionFilter) -> [UInt64]? {
        guard let compared, filter == self.filter, latest.since(compared) < Self.validity else { return nil }
        return candidates
    }

    /// The age in microseconds up to which a connection of a sample is new, if it is not known; nil if all of the sample may be
    /// older.
    func newAge(in sample: TopSample) -> UInt64? {
        guard sample.question.numbers == nil, isComplete, filter == sample.question.filter else { return nil }
        return sample.received.since(completed) / 1000
    }

    /// Notes a sample.
    ///
    /// - Parameter sorted: its connections, the fastest first.
    mutating func note(_ sample: TopSample, sorted: [ConnectionStatus]) {
        latest = sample.received
        let question = sample.question
        guard question.numbers == nil else {
            for connection in sample.list.connections { known[connection.number] = connection }
            return
        }
        let isAll = question.order == .rate
        if isAll, isComplete, filter == question.filter, sample.list.count > Self.few {
            let range = Self.candidateRange
            let wanted = min(max(question.rows * 3, range.lowerBound), range.upperBound)
            candidates = sorted.prefix(wanted).map(\.number)
            compared = sample.received
        } else {
            compared = nil
        }
        known = Dictionary(sample.list.connections.map { ($0.number, $0) }) { first, _ in first }
        count = sample.list.count
        isComplete = isAll
        completed = sample.received
        filter = question.filter
    }
}
