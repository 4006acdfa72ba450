// SPDX-License-Identifier: Apache-2.0

package import LinuxSystem

extension DaemonRecord {
    /// An operator has asked to change something, and may do so.
    ///
    /// - Parameter what: what was asked, in words: `pause front`.
    package static func operated(
        _ what: String, by caller: PeerCredentials, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .operated, "user \(caller.uid) (process \(caller.pid)) asked for: \(what)",
            fields: [
                RecordField("uid", .integer(UInt64(caller.uid))), RecordField("pid", .integer(UInt64(caller.pid))),
            ])
    }

    /// The control socket cannot be opened; it is tried again.
    ///
    /// - Parameter reason: what stands in the way and what to do, in words.
    package static func controlUnavailable(
        at path: String, because reason: String, errno: CInt, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .warning,
            "cannot listen on the control socket \(path), so that usherctl does not reach this usherd: \(reason)",
            errno: errno)
    }

    /// The control socket could be opened after all.
    package static func controlAvailable(at path: String, time: UInt64 = Clock.realtime) -> DaemonRecord {
        DaemonRecord(time: time, .recovered, "listening on the control socket \(path)")
    }

    /// There is no place for the control socket.
    package static func controlWithoutPlace(time: UInt64 = Clock.realtime) -> DaemonRecord {
        DaemonRecord(
            time: time, .warning,
            "there is no control socket, since neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR is set: set control of [daemon] to"
                + " a path, or to false")
    }
}
