// SPDX-License-Identifier: Apache-2.0

public import Addresses
import CLinux

/// The kernel's clocks in nanoseconds: clock_gettime(2), through the vDSO without a system call (vdso(7)).
public enum Clock {
    /// Time that never goes backwards and ignores changes of the calendar clock: for deadlines and durations.
    public static var monotonic: UInt64 { clinux_monotonic() }

    /// The nanoseconds from `start` to `end`, two times of the same clock; 0 if `end` is earlier.
    ///
    /// Each lane caches the time of its turn, so a time from another lane may be ahead.
    @inlinable public static func span(from start: UInt64, to end: UInt64) -> UInt64 { end.since(start) }

    /// Time since 1970-01-01 00:00 UTC: for records.
    public static var realtime: UInt64 { clinux_realtime() }

    /// The time since 1970-01-01 00:00 UTC at a past value of ``monotonic``.
    public static func realtime(of moment: UInt64) -> UInt64 { realtime &- span(from: moment, to: monotonic) }
}
