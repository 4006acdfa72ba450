// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem

/// Waits for descriptors: poll(2), which takes regular files and terminals as well.
enum Poll {
    /// One descriptor, and what is wanted of it or known of it.
    struct Entry: Sendable {
        /// The descriptor; a negative one is left out.
        var raw: CInt
        /// `POLLIN` and `POLLOUT`: what is waited for.
        var wanted: CInt
        /// What was found, with `POLLERR` and `POLLHUP`.
        var found: CInt = 0

        /// Whether reading will not block: there is something, or an end, or an error.
        var isReadable: Bool { found & (POLLIN | POLLHUP | POLLERR) != 0 }

        /// Whether writing will not block.
        var isWritable: Bool { found & (POLLOUT | POLLERR) != 0 }
    }

    /// Waits until something wanted is there, or the time has come.
    ///
    /// - Parameter deadline: by ``Clock/monotonic``, in nanoseconds; nil for no end.
    static func wait(_ entries: inout [Entry], until deadline: UInt64?) throws(SystemError) {
        var list = entries.map { pollfd(fd: $0.raw, events: Int16($0.wanted), revents: 0) }
        _ = try systemCall("poll") {
            // unsafe: the array outlives the call and has as many elements as are given. Computed here: whoever was
            // interrupted has less time left.
            unsafe poll(&list, nfds_t(list.count), milliseconds(until: deadline))
        }
        for index in entries.indices { entries[index].found = CInt(list[index].revents) }
    }

    /// The time left, rounded up; -1 for no end.
    private static func milliseconds(until deadline: UInt64?) -> CInt {
        guard let deadline else { return -1 }
        let now = Clock.monotonic
        return deadline <= now ? 0 : CInt(clamping: (Clock.span(from: now, to: deadline) + 999_999) / 1_000_000)
    }
}

extension UInt64 {
    /// The moment so much later than another, by default now, by ``Clock/monotonic``; nil for no end, or one that the clock
    /// does not reach.
    static func deadline(in duration: Duration?, after start: UInt64 = Clock.monotonic) -> UInt64? {
        guard let (seconds, attoseconds) = duration?.components else { return nil }
        let (nanoseconds, overflow) = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (start, isEndless) = start.addingReportingOverflow(UInt64(clamping: attoseconds / 1_000_000_000))
        let (sum, isLate) = nanoseconds.addingReportingOverflow(start)
        return overflow || isEndless || isLate ? nil : sum
    }
}
