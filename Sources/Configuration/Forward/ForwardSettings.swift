// SPDX-License-Identifier: Apache-2.0

public import Addresses
public import ProxyProtocol
public import Relaying

/// `service = "forward"`: to whom the connections of a listener are relayed, and how.
public struct ForwardSettings: Hashable, Sendable {
    /// `to`: at least one upstream, and no two with one address.
    public var upstreams: [UpstreamSettings]

    /// `balance`: which upstream a connection goes to.
    public var balance: BalanceMethod

    /// `attempts`: how many upstreams are tried for one connection, 1 to 100.
    public var attempts: Int

    /// `connect-timeout`: how long each upstream that is tried may take to accept.
    public var connectTimeout: Duration

    /// `queue-timeout`: how long a connection waits while all upstreams have their `max-connections`.
    public var queueTimeout: Duration

    /// `queue-limit`: how many connections may wait so; with 0 none.
    public var queueLimit: Int

    /// `resolve-interval`: after what time names are resolved again; nil for the time that the answer itself says.
    public var resolveInterval: Duration?

    /// `source`: the IP address that upstreams see, with port 0; nil leaves it to the kernel.
    public var source: SocketAddress?

    /// `send-proxy`: with which PROXY header upstreams are told of the client; nil sends none.
    public var sendProxy: ProxyVersion?

    /// Whether the header goes before each datagram, and not before the first of a flow alone: `send-proxy = "v2-each"`.
    public var sendsProxyEach = false

    /// `flow`: whether all frames of a CAN bus are one flow; if not, those of each identifier are. Between two buses they
    /// always are.
    public var takesBusAsOne = false

    /// `framing`: how messages are told apart in a stream, where one side is a stream and the other has datagrams; nil where
    /// both are alike.
    public var framing: Framing?

    /// `health`: how upstreams are checked; nil checks none, and only connections tell how they are.
    public var health: HealthSettings?

    /// `eject`: when upstreams to which connections fail get none for a while; nil for never. Where upstreams are checked,
    /// the checks alone decide.
    public var eject: EjectionSettings? = EjectionSettings()

    /// `on-down`: what becomes of the connections of an upstream that went down.
    public var onDown: DownAction

    /// `half-close-timeout`: how long a connection lives on after one side finished; nil without bound.
    public var halfCloseTimeout: Duration?

    /// `progress-interval`: how often a connection that lives on leaves a record; nil never.
    public var progressInterval: Duration?

    /// Makes settings that are what a file without the other keys says.
    public init(
        upstreams: [UpstreamSettings], balance: BalanceMethod = .leastConnections, attempts: Int = 3,
        connectTimeout: Duration = .seconds(5), queueTimeout: Duration = .seconds(5), queueLimit: Int = 1024,
        resolveInterval: Duration? = nil, source: SocketAddress? = nil, sendProxy: ProxyVersion? = nil,
        health: HealthSettings? = nil, onDown: DownAction = .keep, halfCloseTimeout: Duration? = nil,
        progressInterval: Duration? = nil
    ) {
        self.upstreams = upstreams
        self.balance = balance
        self.attempts = attempts
        self.connectTimeout = connectTimeout
        self.queueTimeout = queueTimeout
        self.queueLimit = queueLimit
        self.resolveInterval = resolveInterval
        self.source = source
        self.sendProxy = sendProxy
        self.health = health
        self.onDown = onDown
        self.halfCloseTimeout = halfCloseTimeout
        self.progressInterval = progressInterval
    }
}
