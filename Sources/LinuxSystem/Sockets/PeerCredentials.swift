// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Who is at the other end of a Unix socket, as the kernel saw it at connect(2): SO_PEERCRED of unix(7).
public struct PeerCredentials: Hashable, Sendable {
    /// The process.
    public let pid: UInt32
    /// The effective user of the process.
    public let uid: UInt32
    /// The effective group of the process.
    public let gid: UInt32

    /// Takes the three numbers.
    public init(pid: UInt32, uid: UInt32, gid: UInt32) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
    }

    /// Asks the kernel.
    public init(of raw: CInt) throws(SystemError) {
        var pid: UInt32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        // unsafe: three locals.
        _ = try systemCall("getsockopt") { unsafe clinux_peer_credentials(raw, &pid, &uid, &gid) }
        self.init(pid: pid, uid: uid, gid: gid)
    }
}
