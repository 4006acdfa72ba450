// SPDX-License-Identifier: Apache-2.0

/// How much a connection has transferred, and how long it has lasted.
public struct ConnectionTraffic: Hashable, Sendable {
    /// Bytes received from the client.
    public var bytesIn: UInt64

    /// Bytes for the client that the kernel accepted.
    public var bytesOut: UInt64

    /// The counts of datagrams; nil for a stream.
    public var datagrams: DatagramTraffic?

    /// Microseconds since the connection was accepted, by the monotonic clock.
    public var durationMicroseconds: UInt64

    /// Makes the counters.
    public init(
        bytesIn: UInt64, bytesOut: UInt64, datagrams: DatagramTraffic? = nil, durationMicroseconds: UInt64
    ) {
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
        self.datagrams = datagrams
        self.durationMicroseconds = durationMicroseconds
    }
}
