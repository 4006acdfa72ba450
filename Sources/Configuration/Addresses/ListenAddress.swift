// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// One address that a listener listens on.
public struct ListenAddress: Hashable, Sendable {
    /// What has to be done to listen.
    public enum Target: Hashable, Sendable {
        /// Make a socket for each address. `dualStack` is set for `*` alone: its one address is the IPv6 wildcard, to be
        /// bound with IPv4 let in; where the host has no IPv6, the IPv4 wildcard takes its place.
        case bind(SocketKind, [SocketAddress], dualStack: Bool)

        /// Take the sockets that systemd passes under this name.
        case passed(name: String)
    }

    /// The address as it was written.
    public var endpoint: Endpoint

    /// What it means on this host: names are resolved.
    public var target: Target

    /// How many connections may wait to be accepted: from the address's own option, the listener or `[defaults]`.
    public var backlog: Int

    /// The mode and owner of a Unix socket's path, as numbers.
    public var access: UnixSocketAccess

    /// What a datagram socket is told besides.
    public var datagrams: DatagramOptions

    /// Where it was written.
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
