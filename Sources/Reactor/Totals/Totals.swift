// SPDX-License-Identifier: Apache-2.0

public import Records

/// The counters of a listener or an upstream since the daemon started.
///
/// Bytes and datagrams are those of connections and flows that have ended, and the dropped datagrams that belong to no
/// flow.
public struct Totals: Equatable, Sendable {
    /// Connections and flows that have ended. Of an upstream: those that were connected to it.
    public var ended: UInt64 = 0

    /// How many of those failed: see ``Records/CloseReason/isFailure``. Of an upstream: attempts to connect that failed.
    public var failed: UInt64 = 0

    /// Connections and flows that were refused, by ``Records/Refusal/Kind``; empty until one is.
    private var refusals: [UInt64] = []

    /// Bytes from clients.
    public var bytesIn: UInt64 = 0

    /// Bytes to clients.
    public var bytesOut: UInt64 = 0

    /// Datagrams, for a listener or upstream that takes them.
    public var datagrams = DatagramTraffic()

    /// Microseconds that connections lasted.
    public var durations = LogHistogram()

    /// Microseconds that connecting to an upstream took.
    public var connectTimes = LogHistogram()

    /// Makes empty totals.
    public init() {}

    /// How many were refused for a reason.
    public func refused(_ kind: Refusal.Kind) -> UInt64 { refusals.isEmpty ? 0 : refusals[kind.rawValue] }

    /// How many were refused.
    public var refused: UInt64 { refusals.reduce(0, &+) }

    /// Counts a refusal.
    mutating func refuse(_ kind: Refusal.Kind) {
        if refusals.isEmpty { refusals = [UInt64](repeating: 0, count: Refusal.Kind.allCases.count) }
        refusals[kind.rawValue] &+= 1
    }

    /// Counts a connection or flow that has ended.
    package mutating func end(_ traffic: ConnectionTraffic) {
        ended &+= 1
        bytesIn &+= traffic.bytesIn
        bytesOut &+= traffic.bytesOut
        if let moved = traffic.datagrams {
            datagrams.received &+= moved.received
            datagrams.sent &+= moved.sent
            datagrams.dropped &+= moved.dropped
        }
        durations.record(traffic.durationMicroseconds)
    }

    /// Adds other totals.
    public static func += (sum: inout Totals, other: Totals) {
        sum.ended &+= other.ended
        sum.failed &+= other.failed
        sum.bytesIn &+= other.bytesIn
        sum.bytesOut &+= other.bytesOut
        sum.datagrams.received &+= other.datagrams.received
        sum.datagrams.sent &+= other.datagrams.sent
        sum.datagrams.dropped &+= other.datagrams.dropped
        sum.durations += other.durations
        sum.connectTimes += other.connectTimes
        if sum.refusals.isEmpty {
            sum.refusals = other.refusals
        } else {
            for (kind, count) in other.refusals.enumerated() { sum.refusals[kind] &+= count }
        }
    }
}
