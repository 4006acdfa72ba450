// SPDX-License-Identifier: Apache-2.0

import Addresses
import ControlProtocol

/// What `top` asks the daemon for one frame.
struct TopQuestion: Hashable, Sendable {
    /// Which connections are first.
    var order: ListOrder
    /// Which connections are meant.
    var filter: ConnectionFilter
    /// How many the screen has room for.
    var rows: Int
    /// In the order by rate, the numbers of those that may be first; nil for all.
    var numbers: [UInt64]?

    /// The parameters of the call. The order by rate has no limit, since the daemon knows no rates: see ``TopRanking``.
    var parameters: ControlParameters.Connections {
        var wanted = filter
        wanted.numbers = numbers
        return ControlParameters.Connections(
            filter: wanted.isEmpty ? nil : wanted, order: order.ofDaemon,
            limit: order == .rate ? nil : UInt32(clamping: rows))
    }
}

/// What the daemon replied.
struct TopSample: Sendable {
    var question: TopQuestion
    var status: ControlResults.Status
    var list: ControlResults.Connections
    /// When the status was received, by ``LinuxSystem/Clock/monotonic``, in nanoseconds, and at what time of day, in microseconds
    /// since 1970.
    var received: UInt64
    var now: UInt64
    /// How long the calls took, in nanoseconds.
    var cost: UInt64
}

/// What a frame shows: a sample, with what was counted since the one before.
struct TopView: Sendable {
    /// One connection.
    struct Row: Sendable {
        let connection: ConnectionStatus
        /// Bytes per second; nil if the connection was not in the sample before.
        let rate: ConnectionRate?
    }

    let sample: TopSample
    /// Nil for the first sample of a daemon.
    let change: StatusChange?
    let rows: [Row]
    /// How many connections match the filter.
    let count: Int

    /// Makes a view of a sample.
    ///
    /// - Parameters:
    ///   - earlier: the sample before, of the same daemon.
    ///   - ranking: what the connections are compared with; it takes note of the sample.
    init(_ sample: TopSample, after earlier: TopSample?, _ ranking: inout TopRanking) {
        self.sample = sample
        let duration = earlier.map { sample.received.since($0.received) / 1000 } ?? 0
        change = earlier.map {
            StatusChange(from: $0.status, to: sample.status, durationMicroseconds: duration)
        }
        let change = ConnectionsChange(
            from: ranking.known, to: sample.list, durationMicroseconds: ranking.newAge(in: sample) ?? duration)
        let isByRate = sample.question.order == .rate
        let sorted = isByRate ? change.sortedByRate(sample.list.connections) : sample.list.connections
        rows = sorted.prefix(max(sample.question.rows, 0)).map { Row(connection: $0, rate: change.rate(of: $0)) }
        ranking.note(sample, sorted: sorted)
        count = ranking.count
    }

    /// Whether another sample is of the same process.
    static func isSame(_ one: TopSample, _ other: TopSample) -> Bool {
        one.status.daemon.pid == other.status.daemon.pid && one.status.daemon.started == other.status.daemon.started
    }
}
