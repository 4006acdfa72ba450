// SPDX-License-Identifier: Apache-2.0

/// A count by name.
package struct NamedCount: Codable, Hashable, Sendable {
    package var name: String
    package var count: UInt64

    package init(name: String, count: UInt64) {
        self.name = name
        self.count = count
    }
}

/// Datagrams of flows.
package struct DatagramCounts: Codable, Hashable, Sendable {
    package var received: UInt64
    package var sent: UInt64
    /// Those that were received and sent nowhere.
    package var dropped: UInt64

    package init(received: UInt64, sent: UInt64, dropped: UInt64) {
        self.received = received
        self.sent = sent
        self.dropped = dropped
    }
}

/// The spread of durations, in microseconds.
package struct DurationSpread: Codable, Hashable, Sendable {
    /// How many there are.
    package var count: UInt64
    /// Half of them are not longer.
    package var p50: UInt64
    package var p90: UInt64
    package var p99: UInt64

    package init(count: UInt64, p50: UInt64, p90: UInt64, p99: UInt64) {
        self.count = count
        self.p50 = p50
        self.p90 = p90
        self.p99 = p99
    }
}

/// The outcome of a reload.
package struct ReloadOutcome: Codable, Hashable, Sendable {
    /// When it ended, in microseconds since 1970.
    package var time: UInt64
    /// Why it failed; nil if it did not.
    package var reason: String?

    package init(time: UInt64, reason: String?) {
        self.time = time
        self.reason = reason
    }
}

/// An event loop.
package struct LaneStatus: Codable, Hashable, Sendable {
    package var number: Int
    package var connections: Int
    /// How long its turns took.
    package var turns: DurationSpread

    package init(number: Int, connections: Int, turns: DurationSpread) {
        self.number = number
        self.connections = connections
        self.turns = turns
    }
}

/// The process as a whole.
package struct DaemonStatus: Codable, Hashable, Sendable {
    /// What it does.
    package enum State: String, Codable, Sendable { case serving, draining, stopping }

    package var version: String
    package var pid: Int32
    /// When it was started, in microseconds since 1970.
    package var started: UInt64
    /// The path of the configuration file.
    package var configuration: String
    /// When the configuration in force was loaded, in microseconds since 1970.
    package var loaded: UInt64
    /// The last reload; nil if there was none.
    package var reload: ReloadOutcome?
    package var state: State
    package var connections: Int
    /// The most connections at a time.
    package var peak: Int
    /// `max-connections` of `[daemon]`.
    package var limit: Int
    package var lanes: [LaneStatus]
    /// The lowest level that is logged, if an operator has set another one than the configuration.
    package var logLevel: String?

    package init(
        version: String, pid: Int32, started: UInt64, configuration: String, loaded: UInt64, reload: ReloadOutcome?,
        state: State, connections: Int, peak: Int, limit: Int, lanes: [LaneStatus]
    ) {
        self.version = version
        self.pid = pid
        self.started = started
        self.configuration = configuration
        self.loaded = loaded
        self.reload = reload
        self.state = state
        self.connections = connections
        self.peak = peak
        self.limit = limit
        self.lanes = lanes
    }

    private enum CodingKeys: String, CodingKey {
        case version, pid, started, configuration, loaded, reload, state, connections, peak, limit, lanes
        case logLevel = "log_level"
    }
}
