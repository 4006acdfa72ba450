// SPDX-License-Identifier: Apache-2.0

/// Who may connect to a Unix socket that has a path: owner, group and mode of its file.
public struct UnixSocketAccess: Hashable, Sendable {
    /// The permission bits; nil leaves them to the umask.
    public var mode: UInt32?
    /// The owner; nil leaves the daemon's.
    public var user: UInt32?
    /// The group; nil leaves the daemon's.
    public var group: UInt32?

    /// Makes the settings.
    public init(mode: UInt32? = nil, user: UInt32? = nil, group: UInt32? = nil) {
        self.mode = mode
        self.user = user
        self.group = group
    }
}
