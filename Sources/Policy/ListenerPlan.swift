// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// The settings of a listener after inheritance, in the units in which the lanes use them.
///
/// The configuration makes a plan; the lanes apply it to connections accepted from then on. Durations are in nanoseconds;
/// nil means no limit.
public struct ListenerPlan: Hashable, Sendable {
    /// `idle-timeout`: a connection is closed after this time without a byte in either direction.
    public var idleTimeout: UInt64?

    /// `idle-timeout` of flows, which have no EOF: 30 s unless the file sets it.
    public var flowIdleTimeout: UInt64? = 30_000_000_000

    /// `lifetime`: a connection is closed at this age.
    public var lifetime: UInt64?

    /// `max-connections`: how many connections of the listener may be open; nil leaves them to the daemon's limit.
    public var maxConnections: Int?

    /// `backlog`: how many connections may wait for accept(2), unless an address has its own value.
    public var backlog = 4096

    /// `keepalive` and `user-timeout`: how TCP connections detect a peer that vanished.
    public var timers = PeerTimers()

    /// `log`: which records are written for each connection.
    public var log = LoggedEvents.all

    /// `accept-proxy`: which peers must begin with a PROXY header.
    public var proxyTrust = ProxyTrust()

    /// The services that connections may get, in the order in which they are tried. At present one, which takes all
    /// connections.
    public var routes: [Route] = []

    /// Makes a plan without limits.
    public init() {}

    /// The options for the listening sockets of an address with this backlog.
    public func socketOptions(backlog: Int) -> ListeningOptions {
        ListeningOptions(backlog: backlog, keepAlive: timers.keepAlive, userTimeout: timers.userTimeout)
    }

    /// Whether all connections must be on one lane, because the connections of a route exchange data.
    public var sharesOneLane: Bool { routes.contains(where: \.sharesOneLane) }
}

/// A service that connections of a listener may get.
public struct Route: Hashable, Sendable {
    /// The name of the service.
    public var service: String

    /// Whether the connections of the route exchange data, so that they must be on one lane.
    public var sharesOneLane: Bool

    /// Makes a route.
    public init(to service: String, sharesOneLane: Bool = false) {
        self.service = service
        self.sharesOneLane = sharesOneLane
    }
}
