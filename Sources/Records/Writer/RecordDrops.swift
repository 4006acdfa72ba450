// SPDX-License-Identifier: Apache-2.0

/// Counts the records that were dropped for one destination, until a record reports them.
struct RecordDrops: Equatable, Sendable {
    /// How many.
    private(set) var count: UInt64 = 0

    /// The time of the earliest one: nanoseconds since 1970.
    private(set) var first: UInt64 = 0

    /// The time of the latest one.
    private(set) var last: UInt64 = 0

    /// Counts dropped records of a span of time.
    mutating func add(_ number: Int, from start: UInt64, to end: UInt64) {
        first = count == 0 ? start : min(first, start)
        count += UInt64(number)
        last = max(last, end)
    }

    /// The record that reports them.
    func record(time: UInt64, destination: RecordDestination) -> DaemonRecord {
        .recordsDropped(count, for: destination.title, first: first, last: last, time: time)
    }
}
