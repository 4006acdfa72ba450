// SPDX-License-Identifier: Apache-2.0

/// The records that one destination of the log did not get because too many waited for it, until a record tells of them.
struct RecordDrops: Equatable, Sendable {
    /// How many.
    private(set) var count: UInt64 = 0

    /// When the earliest of them happened: nanoseconds since 1970.
    private(set) var first: UInt64 = 0

    /// When the latest of them happened.
    private(set) var last: UInt64 = 0

    /// Counts records of a span of time.
    mutating func add(_ number: Int, from start: UInt64, to end: UInt64) {
        first = count == 0 ? start : min(first, start)
        count += UInt64(number)
        last = max(last, end)
    }

    /// The record that tells of them.
    func record(time: UInt64, destination: RecordDestination) -> DaemonRecord {
        .recordsDropped(count, for: destination.title, first: first, last: last, time: time)
    }
}
