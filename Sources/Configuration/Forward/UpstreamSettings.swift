// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// One of those to whom a listener relays.
public struct UpstreamSettings: Hashable, Sendable {
    /// `address`: a stream or seqpacket socket to connect to, as it was written: its name is not resolved. It has a
    /// port or path that can be connected to, and no options.
    public var endpoint: Endpoint

    /// `weight`: its share of the connections beside the others', 0 to 256; with 0 it takes no new ones.
    public var weight: Int

    /// `max-connections`: how many connections it may have of this listener; nil without bound.
    public var maxConnections: Int?

    /// `backup`: whether it takes connections only while no other upstream does.
    public var isBackup: Bool

    /// `keepalive` and `user-timeout` of the connections to it, which are those of the listener unless the upstream has its
    /// own; for TCP alone.
    public var timers: PeerTimers

    /// Where its address was written.
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
