// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Waits for descriptors with poll(2), which also supports regular files and terminals. For programs with few: usherctl.
package enum Poll {
    /// One descriptor, with the events to wait for and the events found.
    package struct Entry: Sendable {
        /// The descriptor; poll(2) ignores a negative one.
        package var raw: CInt
        /// The events to wait for: `POLLIN` and `POLLOUT`.
        package var wanted: CInt
        /// The events found, including `POLLERR` and `POLLHUP`.
        package var found: CInt = 0

        /// Makes an entry that waits for `wanted`.
        package init(raw: CInt, wanted: CInt) {
            self.raw = raw
            self.wanted = wanted
        }

        /// Whether a read will not block: there is data, EOF or an error.
        package var isReadable: Bool { found & (POLLIN | POLLHUP | POLLERR) != 0 }

        /// Whether a write will not block.
        package var isWritable: Bool { found & (POLLOUT | POLLERR) != 0 }
    }

    /// Waits until a requested event occurs, or the deadline passes.
    ///
    /// - Parameter deadline: by ``Clock/monotonic``, in nanoseconds; nil for none.
    package static func wait(_ entries: inout [Entry], until deadline: UInt64?) throws(SystemError) {
        var list = entries.map { pollfd(fd: $0.raw, events: Int16($0.wanted), revents: 0) }
        _ = try systemCall("poll") {
            // unsafe: the array outlives the call and has as many elements as are given. The timeout is computed here, since
            // after EINTR less time is left.
            unsafe poll(&list, nfds_t(list.count), milliseconds(until: deadline))
        }
        for index in entries.indices { entries[index].found = CInt(list[index].revents) }
    }

    /// The time left in milliseconds, rounded up; -1 for no deadline.
    private static func milliseconds(until deadline: UInt64?) -> CInt {
        guard let deadline else { return -1 }
        let now = Clock.monotonic
        return deadline <= now ? 0 : CInt(clamping: (Clock.span(from: now, to: deadline) + 999_999) / 1_000_000)
    }
}

extension UInt64 {
    /// The time by ``Clock/monotonic`` after a duration, by default from now.
    ///
    /// Nil for no deadline, or on overflow.
    package static func deadline(in duration: Duration?, after start: UInt64 = Clock.monotonic) -> UInt64? {
        guard let (seconds, attoseconds) = duration?.components else { return nil }
        let (nanoseconds, overflow) = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (start, isEndless) = start.addingReportingOverflow(UInt64(clamping: attoseconds / 1_000_000_000))
        let (sum, isLate) = nanoseconds.addingReportingOverflow(start)
        return overflow || isEndless || isLate ? nil : sum
    }
}
