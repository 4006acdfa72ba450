// SPDX-License-Identifier: Apache-2.0

/// The access to a Unix socket with a path: owner, group and mode of its file.
public struct UnixSocketAccess: Hashable, Sendable {
    /// The permission bits; nil for those that the umask leaves.
    public var mode: UInt32?
    /// The owner; nil for the daemon's user.
    public var user: UInt32?
    /// The group; nil for the daemon's group.
    public var group: UInt32?

    /// Makes the settings.
    public init(mode: UInt32? = nil, user: UInt32? = nil, group: UInt32? = nil) {
        self.mode = mode
        self.user = user
        self.group = group
    }
}
