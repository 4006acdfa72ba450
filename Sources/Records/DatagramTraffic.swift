// SPDX-License-Identifier: Apache-2.0

/// The counts of a flow's datagrams.
public struct DatagramTraffic: Hashable, Sendable {
    /// Datagrams received from the client.
    public var received: UInt64

    /// Datagrams for the client that the kernel accepted.
    public var sent: UInt64

    /// Datagrams that were received but not relayed, or that could not be sent.
    public var dropped: UInt64

    /// Makes the counters.
    public init(received: UInt64 = 0, sent: UInt64 = 0, dropped: UInt64 = 0) {
        self.received = received
        self.sent = sent
        self.dropped = dropped
    }
}
