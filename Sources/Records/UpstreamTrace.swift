// SPDX-License-Identifier: Apache-2.0

/// What a relayed connection did with its upstreams. Made for each record, which consumes it.
public struct UpstreamTrace: ~Copyable, Sendable {
    /// The upstream to which it is relayed; nil if there is none (yet): the field `upstream`.
    public var upstream: RecordedAddress?

    /// How long the connect took, in microseconds: the field `connect_us`.
    public var connectMicroseconds: UInt64

    /// How long it was queued until an upstream had a free connection, in microseconds: the field `queue_us`, left out if 0.
    public var queueMicroseconds: UInt64

    /// How many upstreams were tried: the field `attempts`.
    public var attempts: Int

    /// Which upstreams could not be reached and why, each as `ADDRESS: REASON`: the field `failures`.
    public var failures: [String]

    /// Makes a trace.
    @inlinable
    public init(
        upstream: RecordedAddress? = nil, connectMicroseconds: UInt64 = 0, queueMicroseconds: UInt64 = 0,
        attempts: Int = 0, failures: [String] = []
    ) {
        self.upstream = upstream
        self.connectMicroseconds = connectMicroseconds
        self.queueMicroseconds = queueMicroseconds
        self.attempts = attempts
        self.failures = failures
    }

    /// Whether the connection is relayed to an upstream.
    public var isConnected: Bool {
        if case .some = upstream { true } else { false }
    }

    /// The text of the field `failures`.
    var failureText: [UInt8] { Array(failures.joined(separator: "; ").utf8) }
}
