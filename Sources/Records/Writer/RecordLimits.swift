// SPDX-License-Identifier: Apache-2.0

/// How much a ``RecordBuffer`` holds back, and for how long.
public struct RecordLimits: Sendable {
    /// Bytes at which a buffer goes to the writer.
    public var batchBytes: Int

    /// Nanoseconds after which a buffer goes to the writer, counted from its first record.
    public var batchDelay: UInt64

    /// Bytes of one buffer that may be with the writer. Beyond them its records are dropped, and counted.
    public var outstandingBytes: Int

    /// Makes limits.
    public init(batchBytes: Int, batchDelay: UInt64, outstandingBytes: Int) {
        self.batchBytes = batchBytes
        self.batchDelay = batchDelay
        self.outstandingBytes = outstandingBytes
    }

    /// 64 KiB, 100 ms, 4 MiB.
    public static let standard = RecordLimits(
        batchBytes: 64 << 10, batchDelay: 100_000_000, outstandingBytes: 4 << 20)
}
