// SPDX-License-Identifier: Apache-2.0

/// `[daemon]`: the settings of the process as a whole.
public struct DaemonSettings: Hashable, Sendable {
    /// The number of lanes.
    public enum Lanes: Hashable, Sendable {
        /// As many as there are processors that this process may use.
        case auto
        /// A fixed number.
        case fixed(Int)
    }

    /// The most lanes.
    ///
    /// A lane is a block that occupies a serial queue until the daemon stops. libdispatch runs the blocks of at most 255 such
    /// queues at a time (`DISPATCH_WORKQ_MAX_PTHREAD_COUNT`): the next one would wait for ever. Some are reserved for other work.
    public static let mostLanes = 240

    /// `lanes`.
    public var lanes = Lanes.auto

    /// `max-connections`: how many connections may be open in all listeners together.
    public var maxConnections = 10_000

    /// `history`: how many connections that have ended, and refusals, are kept in memory; 0 for none.
    public var history = 1000

    /// The most that ``history`` may be.
    public static let mostHistory = 100_000

    /// `drain-timeout`: how long connections may stay open after a stop, or after their listener was removed.
    public var drainTimeout = Duration.seconds(30)

    /// Where the control socket is.
    public enum Control: Hashable, Sendable {
        /// Where the environment suggests: ``ControlProtocol/ControlPath``.
        case automatic
        /// At this path.
        case path(String)
        /// There is none.
        case off
    }

    /// `control`.
    public var control = Control.automatic

    /// `operators`: the name or number of the group whose members may change something over the control socket.
    public var operatorGroup: String?

    /// The number of ``operatorGroup``.
    public var operators: UInt32?

    /// The number of the group `usherd`, which may use the control socket of a daemon that runs as root; nil if this host has
    /// no such group.
    public var controlGroup: UInt32?

    /// Where `control` was written, if it was.
    public var controlOrigin: SettingOrigin?

    /// Where `max-connections` was written, if it was.
    public var maxConnectionsOrigin: SettingOrigin?

    /// The places of its keys.
    public var places = SettingPlaces()

    /// The settings of an empty table.
    public init() {}
}
