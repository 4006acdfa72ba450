// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// One upstream of a listener.
public struct UpstreamSettings: Hashable, Sendable {
    /// `address`: the address to connect to, as it is written; its name is not resolved.
    ///
    /// Any scheme but `systemd`. It has no wildcard, its port is not 0, and its only options are CAN filters.
    public var endpoint: Endpoint

    /// `weight`: its share of the connections relative to the other upstreams, 0 to 256; with 0 it gets no new ones.
    public var weight: Int

    /// `max-connections`: how many connections of this listener it may have; nil without limit.
    public var maxConnections: Int?

    /// `backup`: whether it gets connections only while no other upstream is available.
    public var isBackup: Bool

    /// `keepalive` and `user-timeout` of connections to it, inherited from the listener unless it has its own; for TCP alone.
    public var timers: PeerTimers

    /// The place of its address.
    public var origin: SettingOrigin

    /// Makes settings.
    public init(
        endpoint: Endpoint, weight: Int = 1, maxConnections: Int? = nil, isBackup: Bool = false,
        timers: PeerTimers = PeerTimers(), origin: SettingOrigin
    ) {
        self.timers = timers
        self.endpoint = endpoint
        self.weight = weight
        self.maxConnections = maxConnections
        self.isBackup = isBackup
        self.origin = origin
    }
}
