// SPDX-License-Identifier: Apache-2.0

public import Records

/// What was counted for a listener or for an upstream since the daemon began. Bytes and datagrams are those of connections
/// and flows that have ended.
public struct Totals: Equatable, Sendable {
    /// Connections that have an `open` record, and flows. Of an upstream: those that were connected to it.
    public var accepted: UInt64 = 0

    /// Of those, how many have ended.
    public var ended: UInt64 = 0

    /// Of those, how many ended for want of something; see ``Records/CloseReason/isFailure``. Of an upstream: attempts to
    /// connect that failed.
    public var failed: UInt64 = 0

    /// Connections and flows that were refused, by ``Records/Refusal/Kind``: empty while there are none.
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

    /// Nothing was counted yet.
    public init() {}

    /// How many were refused for a reason.
    public func refused(_ kind: Refusal.Kind) -> UInt64 { refusals.isEmpty ? 0 : refusals[kind.rawValue] }

    /// How many were refused.
    public var refused: UInt64 { refusals.reduce(0, &+) }

    /// Counts one that was refused.
    mutating func refuse(_ kind: Refusal.Kind) {
        if refusals.isEmpty { refusals = [UInt64](repeating: 0, count: Refusal.Kind.allCases.count) }
        refusals[kind.rawValue] &+= 1
    }

    /// Counts the end of one.
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

    /// Adds what was counted elsewhere.
    public static func += (sum: inout Totals, other: Totals) {
        sum.accepted &+= other.accepted
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
