// SPDX-License-Identifier: Apache-2.0

import Glibc
package import LinuxSystem

extension DaemonRecord {
    /// rtnetlink(7) is not available, so changes of interfaces and addresses are not detected.
    ///
    /// - Parameter retries: whether usherd retries.
    package static func hostUnwatched(
        because error: SystemError, retries: Bool, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        let advice =
            error.errno == EAFNOSUPPORT
            ? "; allow AF_NETLINK in RestrictAddressFamilies= of the unit" : retries ? "; retrying every second" : ""
        return DaemonRecord(
            time: time, .warning,
            "cannot watch the interfaces and addresses of this host: \(error). usherd detects added or removed addresses"
                + " only on a reload\(advice)", errno: error.errno)
    }

    /// rtnetlink(7) is available after ``hostUnwatched(because:retries:time:)``.
    package static func hostWatched(time: UInt64 = Clock.realtime) -> DaemonRecord {
        DaemonRecord(time: time, .recovered, "usherd watches the interfaces and addresses of this host")
    }

    /// The address of a socket was removed from this host.
    package static func addressRemoved(
        _ host: String, of address: RecordedAddress, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .warning,
            "\(listener.name) waits: the address \(host) of \(address) was removed from this host; clients can connect"
                + " again when it is added", listener: listener, errno: EADDRNOTAVAIL)
    }

    /// The interface of a multicast group was removed, and the group cannot be joined on another one.
    package static func groupUnreachable(
        _ address: RecordedAddress, because error: SystemError, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .warning,
            "\(listener.name) waits: the interface on which \(address) was joined was removed, and there is no other route"
                + " to the group: \(error); usherd joins it again when there is one", listener: listener,
            errno: error.errno)
    }
}
