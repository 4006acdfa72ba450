// SPDX-License-Identifier: Apache-2.0

import CLinux

/// The process at the other end of a Unix socket, recorded by the kernel at connect(2): SO_PEERCRED of unix(7).
public struct PeerCredentials: Hashable, Sendable {
    /// The process ID.
    public let pid: UInt32
    /// The effective user of the process.
    public let uid: UInt32
    /// The effective group of the process.
    public let gid: UInt32

    /// Makes a value from its parts.
    public init(pid: UInt32, uid: UInt32, gid: UInt32) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
    }

    /// Queries the kernel: getsockopt(2).
    public init(of raw: CInt) throws(SystemError) {
        var pid: UInt32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        // unsafe: three locals.
        _ = try systemCall("getsockopt") { unsafe clinux_peer_credentials(raw, &pid, &uid, &gid) }
        self.init(pid: pid, uid: uid, gid: gid)
    }

    /// The supplementary groups of the process at connect(2): SO_PEERGROUPS of unix(7).
    public static func groups(of raw: CInt) throws(SystemError) -> [UInt32] {
        // NGROUPS_MAX of the kernel: a process cannot have more.
        var groups = [UInt32](repeating: 0, count: 65_536)
        var count = UInt32(groups.count)
        // unsafe: the array has room for `count` numbers; the other is a local.
        _ = try systemCall("getsockopt") { unsafe clinux_peer_groups(raw, &groups, &count) }
        return Array(groups.prefix(Int(count)))
    }
}
