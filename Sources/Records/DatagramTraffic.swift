// SPDX-License-Identifier: Apache-2.0

/// How many datagrams a flow has moved.
public struct DatagramTraffic: Hashable, Sendable {
    /// Datagrams that came from the client.
    public var received: UInt64

    /// Datagrams that the kernel took for the client.
    public var sent: UInt64

    /// Datagrams that came and could not be passed on, or were to go and were not taken.
    public var dropped: UInt64

    /// Makes the counters.
    public init(received: UInt64 = 0, sent: UInt64 = 0, dropped: UInt64 = 0) {
        self.received = received
        self.sent = sent
        self.dropped = dropped
    }
}
