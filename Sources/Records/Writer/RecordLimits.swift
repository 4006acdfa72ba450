// SPDX-License-Identifier: Apache-2.0

/// How much a ``RecordBuffer`` holds back, and for how long.
public struct RecordLimits: Sendable {
    /// Bytes at which a buffer goes to the writer.
    public var batchBytes: Int

    /// Nanoseconds after which a buffer goes to the writer at the latest: it does when the monotonic clock passes a
    /// multiple of them.
    public var batchDelay: UInt64

    /// Bytes that may wait for one destination. Beyond them records for it are dropped, and counted.
    public var outstandingBytes: Int

    /// Makes limits.
    public init(batchBytes: Int, batchDelay: UInt64, outstandingBytes: Int) {
        self.batchBytes = batchBytes
        self.batchDelay = batchDelay
        self.outstandingBytes = outstandingBytes
    }

    /// 64 KiB, 100 ms, 8 MiB.
    public static let standard = RecordLimits(
        batchBytes: 64 << 10, batchDelay: 100_000_000, outstandingBytes: 8 << 20)

    /// When a buffer is flushed whose first record comes at a time of the monotonic clock.
    func nextFlush(after now: UInt64) -> UInt64 {
        let delay = max(batchDelay, 1)
        return (now / delay &+ 1) &* delay
    }
}
