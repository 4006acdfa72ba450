// SPDX-License-Identifier: Apache-2.0

/// What a connection has moved, and how long it has lasted.
public struct ConnectionTraffic: Hashable, Sendable {
    /// Bytes that came from the client.
    public var bytesIn: UInt64

    /// Bytes that the kernel took for the client.
    public var bytesOut: UInt64

    /// What it moved in datagrams; nil for a stream.
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
