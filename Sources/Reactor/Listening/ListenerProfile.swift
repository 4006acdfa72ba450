// SPDX-License-Identifier: Apache-2.0

public import Addresses
import LinuxSystem
public import Records

/// What connections get that come in through a listener from now on. A reload makes a new one; the connections that
/// stand keep theirs.
///
/// Concurrency: immutable but for the count, which is atomic; shared by the lanes.
public final class ListenerProfile: Sendable {
    /// Distinguishes the listener from every other that there ever was in this process, over reloads.
    public let identifier: Int

    /// The names for the records.
    public let label: ListenerLabel

    /// Nanoseconds without a byte in either direction after which a connection is closed; nil for never.
    public let idleTimeout: UInt64?

    /// The same for a flow.
    public let flowIdleTimeout: UInt64?

    /// Nanoseconds after which a connection is closed whatever it does; nil for never.
    public let lifetime: UInt64?

    /// How many connections the listener may have; nil for as many as the daemon may.
    public let connectionLimit: Int?

    /// Whether its connections leave an `open` record.
    public let logsOpen: Bool

    /// Whether its connections leave a `close` record.
    public let logsClose: Bool

    /// Who has to say in a PROXY header whom a connection comes from.
    let needsHeader: @Sendable (SocketAddress) -> Bool

    /// Whether every connection has to be on the same lane, because they talk to each other.
    public let sharesOneLane: Bool

    /// How many connections the listener has; the same object over reloads.
    public let connections: ConnectionCount

    /// Makes the service, once on each lane.
    public let makeService: @Sendable () -> any Service

    /// Puts the settings together.
    public init(
        identifier: Int, label: ListenerLabel, idleTimeout: UInt64? = nil,
        flowIdleTimeout: UInt64? = nil, lifetime: UInt64? = nil,
        connectionLimit: Int? = nil, sharesOneLane: Bool = false, connections: ConnectionCount = ConnectionCount(),
        logsOpen: Bool = true, logsClose: Bool = true,
        needsHeader: @escaping @Sendable (SocketAddress) -> Bool = { _ in false },
        makeService: @escaping @Sendable () -> any Service
    ) {
        self.identifier = identifier
        self.label = label
        self.idleTimeout = idleTimeout
        self.flowIdleTimeout = flowIdleTimeout
        self.lifetime = lifetime
        self.connectionLimit = connectionLimit
        self.sharesOneLane = sharesOneLane
        self.logsOpen = logsOpen
        self.logsClose = logsClose
        self.needsHeader = needsHeader
        self.connections = connections
        self.makeService = makeService
    }
}
