// SPDX-License-Identifier: Apache-2.0

public import Addresses
public import ProxyProtocol
public import Relaying

/// `service = "forward"`: the upstreams of a listener, and how its connections are relayed.
public struct ForwardSettings: Hashable, Sendable {
    /// `to`: at least one upstream; no two have the same address.
    public var upstreams: [UpstreamSettings]

    /// `balance`: how the upstream of a connection is chosen.
    public var balance: BalanceMethod

    /// `attempts`: how many upstreams are tried for one connection, 1 to 100.
    public var attempts: Int

    /// `connect-timeout`: how long one attempt to connect to an upstream may take.
    public var connectTimeout: Duration

    /// `queue-timeout`: how long a connection may be queued while all upstreams have their `max-connections`.
    public var queueTimeout: Duration

    /// `queue-limit`: how many connections may be queued; 0 for none.
    public var queueLimit: Int

    /// `resolve-interval`: the interval of name look-ups; nil for the TTL of the answer.
    public var resolveInterval: Duration?

    /// `source`: the IP address that upstreams see, with port 0; nil leaves it to the kernel.
    public var source: SocketAddress?

    /// `send-proxy`: the version of the PROXY header that tells upstreams the client's address; nil sends none.
    public var sendProxy: ProxyVersion?

    /// Whether each datagram gets a header, not only the first of a flow: `send-proxy = "v2-each"`.
    public var sendsProxyEach = false

    /// `flow`: whether all frames of a CAN bus are one flow; else each identifier has a flow.
    ///
    /// Between two buses they always are.
    public var takesBusAsOne = false

    /// `framing`: how messages are separated in the stream between a stream and datagrams; nil if both sides are of one sort.
    public var framing: Framing?

    /// `health`: how upstreams are checked; nil for no checks: then only failed connections show that one is down.
    public var health: HealthSettings?

    /// `eject`: when upstreams whose connections fail get no new ones for a while; nil for never. No effect with `health`.
    public var eject: EjectionSettings? = EjectionSettings()

    /// `on-down`: what happens to the open connections of an upstream that went down.
    public var onDown: DownAction

    /// `half-close-timeout`: how long a connection stays open after one side has shut down its writing; nil without limit.
    public var halfCloseTimeout: Duration?

    /// `progress-interval`: the interval of the records of an open connection; nil for none.
    public var progressInterval: Duration?

    /// Makes the settings of a file without the other keys.
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
