// SPDX-License-Identifier: Apache-2.0

/// A listener and what was counted for it since the daemon was started.
package struct ListenerStatus: Codable, Hashable, Sendable {
    /// What a listener does.
    package enum State: String, Codable, Sendable {
        /// It accepts.
        case listening
        /// It lacks an interface or an address: ``ListenerStatus/waitsFor``.
        case waiting
        /// The operator has paused it.
        case paused
        /// An operator drains it, or a reload has removed it and connections are left.
        case draining
    }

    package var name: String
    package var service: String
    package var state: State
    /// What it lacks, in words.
    package var waitsFor: [String] = []
    /// Where it listens, with the ports that the kernel chose.
    package var addresses: [String] = []
    package var connections = 0
    /// The most connections at a time.
    package var peak = 0
    /// `max-connections`; nil for none.
    package var limit: Int?
    /// Connections and flows that were accepted.
    package var total: UInt64 = 0
    /// How many of those ended for want of something: see `reason` of a close in the manual.
    package var failed: UInt64 = 0
    /// Those that were refused, by rule; those that are 0 are left out.
    package var refused: [NamedCount] = []
    /// Bytes from clients, and to them, of open connections too.
    package var bytesIn: UInt64 = 0
    package var bytesOut: UInt64 = 0
    /// Of flows that have ended.
    package var datagrams: DatagramCounts?
    /// How long connections lasted.
    package var durations: DurationSpread?
    /// Of a service with upstreams: those who wait for one.
    package var queue: QueueStatus?
    package var upstreams: [UpstreamStatus] = []

    package init(name: String, service: String, state: State) {
        self.name = name
        self.service = service
        self.state = state
    }

    private enum CodingKeys: String, CodingKey {
        case name, service, state, addresses, connections, peak, limit, total, failed, refused, datagrams, durations,
            queue, upstreams
        case waitsFor = "waits_for"
        case bytesIn = "bytes_in"
        case bytesOut = "bytes_out"
    }
}

/// An upstream of a listener.
package struct UpstreamStatus: Codable, Hashable, Sendable {
    /// Whether it can get connections.
    package enum State: String, Codable, Sendable { case up, down }

    /// How an operator keeps new connections from it.
    package enum Override: String, Codable, Sendable { case draining, disabled }

    /// The address as the configuration has it.
    package var address: String
    package var state = State.up
    /// What an operator has set; nil for nothing.
    package var withdrawal: Override?
    /// The weight in force.
    package var weight = 1
    /// The weight of the configuration, if an operator has set one; else nil.
    package var configuredWeight: Int?
    package var backup = false
    package var connections = 0
    package var peak = 0
    /// `max-connections`; nil for none.
    package var limit: Int?
    /// Connections to it that have ended, and those that are open.
    package var total: UInt64 = 0
    /// Attempts to connect that failed.
    package var failed: UInt64 = 0
    /// Of connections that have ended.
    package var bytesIn: UInt64 = 0
    package var bytesOut: UInt64 = 0
    /// How long connecting took.
    package var connectTimes: DurationSpread?
    /// The last attempt that failed; nil if there was none.
    package var lastFailure: UpstreamFailureStatus?
    /// Why it is down; nil if it is up.
    package var outage: OutageStatus?

    package init(address: String) {
        self.address = address
    }

    private enum CodingKeys: String, CodingKey {
        case address, state, weight, backup, connections, peak, limit, total, failed, outage
        case lastFailure = "last_failure"
        case withdrawal = "override"
        case configuredWeight = "configured_weight"
        case bytesIn = "bytes_in"
        case bytesOut = "bytes_out"
        case connectTimes = "connect_times"
    }
}
