// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Glibc
package import LinuxSystem

extension DaemonRecord {
    /// accept4(2), or epoll_ctl(2) for a listening socket, failed because this host lacks something.
    package static func acceptPaused(
        because error: SystemError, _ fault: HostFault, on address: RecordedAddress, listener: ListenerLabel,
        time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        let advice =
            switch fault {
            case .descriptors where error.errno == ENFILE: "raise `fs.file-max`, or lower max-connections"
            case .descriptors: "raise LimitNOFILE= of the unit, or lower max-connections"
            case .memory, .buffers: "see `free` and `net.ipv4.tcp_mem`, or lower max-connections"
            case .watches: "raise `fs.epoll.max_user_watches`"
            default: "see SystemCallFilter= of the unit and the security modules of the kernel"
            }
        return DaemonRecord(
            time: time, .acceptPaused,
            "cannot accept connections: \(error.words). Clients wait in the backlog until accept succeeds; \(advice)",
            listener: listener, local: address, errno: error.errno)
    }

    /// Every connection in the backlogs was accepted after ``acceptPaused(because:_:on:listener:time:)``.
    package static func acceptResumed(listener: ListenerLabel, time: UInt64 = Clock.realtime) -> DaemonRecord {
        DaemonRecord(time: time, .acceptResumed, "accepting connections again", listener: listener)
    }

    /// accept4(2) failed with `EINVAL` because another process shut the socket down; listen(2) was called again.
    package static func listensAgain(
        on address: RecordedAddress, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .warning,
            "another program shut down the listening socket \(address), as `ss --kill` does; the connections in its"
                + " backlog were lost, and usherd listens on it again", listener: listener, local: address)
    }

    /// A socket that systemd passed does not listen any more, and usherd cannot make it listen.
    package static func passedSocketUnusable(
        because error: SystemError, on address: RecordedAddress, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .failed,
            "cannot accept connections on \(address): \(error.words); the socket that systemd passed is no longer"
                + " listening. Restart its socket unit, then usherd", listener: listener, local: address,
            errno: error.errno)
    }

    /// epoll_ctl(2) failed for a datagram socket.
    package static func datagramSocketUnwatched(
        because error: SystemError, on address: RecordedAddress, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .failed, "cannot register \(address) with epoll: \(error.words); it receives nothing",
            listener: listener, errno: error.errno)
    }
}
