// SPDX-License-Identifier: Apache-2.0

/// What a connection that is relayed has had to do with upstreams. Made for each record, and handed on to it.
public struct UpstreamTrace: ~Copyable, Sendable {
    /// The upstream that it is relayed to; nil while there is none: the field `upstream`.
    public var upstream: RecordedAddress?

    /// How long it took to connect to it, in microseconds: the field `connect_us`.
    public var connectMicroseconds: UInt64

    /// How long it waited in the line of the upstreams for one to have room, in microseconds: the field `queue_us`, left out
    /// if it did not.
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

    /// The field `failures`: all of them in one text.
    var failureText: [UInt8] { Array(failures.joined(separator: "; ").utf8) }
}
