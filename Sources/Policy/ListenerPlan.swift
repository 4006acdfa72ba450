// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// What a listener does with the connections that it accepts from now on: its settings after inheritance, in the units in
/// which they are used. The configuration makes it, and the lanes read it.
///
/// Durations are in nanoseconds, and nil means no limit.
public struct ListenerPlan: Hashable, Sendable {
    /// `idle-timeout`: a connection on which no byte moved for this time is closed.
    public var idleTimeout: UInt64?

    /// `idle-timeout` of flows, which have no end of their own: 30 s unless the file says otherwise.
    public var flowIdleTimeout: UInt64? = 30_000_000_000

    /// `lifetime`: a connection is closed at this age.
    public var lifetime: UInt64?

    /// `max-connections`: how many connections of the listener may be open; nil leaves them to the daemon's limit.
    public var maxConnections: Int?

    /// `backlog`: how many connections may wait to be accepted, unless an address has its own.
    public var backlog = 4096

    /// `keepalive` and `user-timeout`: how TCP connections detect that their peer has vanished.
    public var timers = PeerTimers()

    /// `log`: which records are written of each connection.
    public var log = LoggedEvents.all

    /// Who may connect, and what a peer may say of itself.
    public var admission = AdmissionRules()

    /// What connections get, in the order in which they are asked whether one is theirs: at present one, which takes all.
    public var routes: [Route] = []

    /// Makes a plan in which nothing is limited.
    public init() {}

    /// What the listening sockets of an address with this backlog are set to.
    public func socketOptions(backlog: Int) -> ListeningOptions {
        ListeningOptions(backlog: backlog, keepAlive: timers.keepAlive, userTimeout: timers.userTimeout)
    }

    /// Whether all connections have to be on one lane, because those of a route talk to each other.
    public var sharesOneLane: Bool { routes.contains(where: \.sharesOneLane) }
}

/// A service that connections of a listener may get.
public struct Route: Hashable, Sendable {
    /// The name of the service.
    public var service: String

    /// Whether the connections of the route talk to each other, so that they have to be on one lane.
    public var sharesOneLane: Bool

    /// Makes a route.
    public init(to service: String, sharesOneLane: Bool = false) {
        self.service = service
        self.sharesOneLane = sharesOneLane
    }
}
