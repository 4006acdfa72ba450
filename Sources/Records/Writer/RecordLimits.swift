// SPDX-License-Identifier: Apache-2.0

/// How much a ``RecordBuffer`` buffers, and for how long.
public struct RecordLimits: Sendable {
    /// The bytes at which a buffer is submitted.
    public var batchBytes: Int

    /// The longest time in nanoseconds until a buffer is submitted: when the monotonic clock passes a multiple of it.
    public var batchDelay: UInt64

    /// The bytes that may be queued for one destination. Beyond them its records are dropped and counted.
    public var outstandingBytes: Int

    /// Makes limits.
    public init(batchBytes: Int, batchDelay: UInt64, outstandingBytes: Int) {
        self.batchBytes = batchBytes
        self.batchDelay = batchDelay
        self.outstandingBytes = outstandingBytes
    }

    /// 32 KiB, 100 ms, 8 MiB. Larger batches save no measurable time, and a lane has several of them while a burst is written.
    public static let standard = RecordLimits(
        batchBytes: 32 << 10, batchDelay: 100_000_000, outstandingBytes: 8 << 20)

    /// When a buffer is flushed whose first record was added at `now`, a time of the monotonic clock.
    func nextFlush(after now: UInt64) -> UInt64 {
        let delay = max(batchDelay, 1)
        return (now / delay &+ 1) &* delay
    }
}
