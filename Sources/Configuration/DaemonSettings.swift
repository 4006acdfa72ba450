// SPDX-License-Identifier: Apache-2.0

/// `[daemon]`: what concerns the process as a whole.
public struct DaemonSettings: Hashable, Sendable {
    /// How many lanes there are.
    public enum Lanes: Hashable, Sendable {
        /// As many as there are processors that the process may use.
        case auto
        /// So many.
        case fixed(Int)
    }

    /// The most lanes. A lane is a block that runs on a serial queue until the end, and libdispatch runs the blocks of at
    /// most 255 such queues at a time (`DISPATCH_WORKQ_MAX_PTHREAD_COUNT`): the next one waits for ever. Some are left for
    /// other work.
    public static let mostLanes = 240

    /// `lanes`.
    public var lanes = Lanes.auto

    /// `max-connections`: how many connections may be open over all listeners.
    public var maxConnections = 10_000

    /// `drain-timeout`: how long open connections have to end by themselves on a stop or after their listener went.
    public var drainTimeout = Duration.seconds(30)

    /// `control`: the path of the control socket.
    public var control: String?

    /// Where `max-connections` was written, if it was.
    public var maxConnectionsOrigin: SettingOrigin?

    /// The settings of an empty table.
    public init() {}
}
