// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// One address that a listener listens on.
public struct ListenAddress: Hashable, Sendable {
    /// How the listening sockets are obtained.
    public enum Target: Hashable, Sendable {
        /// Create a socket for each address.
        ///
        /// `dualStack` is set for `*` alone: its one address is the IPv6 wildcard, which accepts IPv4 too; on a host without IPv6
        /// the IPv4 wildcard replaces it.
        case bind(SocketKind, [SocketAddress], dualStack: Bool)

        /// Take the sockets that systemd passes under this name.
        case passed(name: String)
    }

    /// The address as it was written.
    public var endpoint: Endpoint

    /// The resolved address on this host.
    public var target: Target

    /// The backlog: from the address's own option, the listener or `[defaults]`.
    public var backlog: Int

    /// The mode and owner of a Unix socket's path, as numbers.
    public var access: UnixSocketAccess

    /// The options of a datagram socket.
    public var datagrams: DatagramOptions

    /// The place in the file.
    public var origin: SettingOrigin

    /// Makes an address.
    public init(
        endpoint: Endpoint, target: Target, backlog: Int, access: UnixSocketAccess,
        datagrams: DatagramOptions = DatagramOptions(), origin: SettingOrigin
    ) {
        self.endpoint = endpoint
        self.target = target
        self.backlog = backlog
        self.access = access
        self.datagrams = datagrams
        self.origin = origin
    }
}
