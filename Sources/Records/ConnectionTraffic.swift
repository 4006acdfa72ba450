// SPDX-License-Identifier: Apache-2.0

/// What a connection has moved, and how long it has lasted.
public struct ConnectionTraffic: Hashable, Sendable {
    /// Bytes that came from the client.
    public var bytesIn: UInt64

    /// Bytes that the kernel took for the client.
    public var bytesOut: UInt64

    /// Microseconds since the connection was accepted, by the monotonic clock.
    public var durationMicroseconds: UInt64

    /// Makes the counters.
    public init(bytesIn: UInt64, bytesOut: UInt64, durationMicroseconds: UInt64) {
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
        self.durationMicroseconds = durationMicroseconds
    }
}
