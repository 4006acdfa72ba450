// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// `[listener.NAME]`, with what it inherits from `[defaults]`.
public struct ListenerSettings: Hashable, Sendable {
    /// The name in the table's header, unique: 1 to 64 letters, digits, `-`, `_` and `.`.
    public var name: String

    /// `listen`: at least one address; no two of all listeners collide.
    public var listen: [ListenAddress]

    /// `service`.
    public var service: ServiceSettings

    /// `idle-timeout`: a connection that moved no byte for so long is closed; nil never.
    public var idleTimeout: Duration?

    /// `idle-timeout` as it holds for flows, which have no end of their own: 30 s if nothing is said.
    public var flowIdleTimeout: Duration?

    /// `lifetime`: a connection is closed at this age; nil never.
    public var lifetime: Duration?

    /// `max-connections`: how many connections of this listener may be open; nil bounds them by the daemon's alone.
    public var maxConnections: Int?

    /// `keepalive`: the probes of TCP connections; nil sends none.
    public var keepalive: ListeningOptions.KeepAlive?

    /// `user-timeout`: how long what was sent over TCP may stay unacknowledged; nil leaves it to the kernel.
    public var userTimeout: Duration?

    /// `accept-proxy`: which peers must begin with a PROXY header and are believed; all others may not send one.
    public var acceptProxy: [ProxySource]

    /// `allow-amplification`: whether a service that answers with more than it is asked may do so over UDP to all.
    public var allowsAmplification: Bool

    /// `log`: which of the records `open` and `close` are written of its connections.
    public var log: LoggedEvents

    /// Where the name stands in the table's header.
    public var origin: SettingOrigin

    /// Makes settings.
    public init(
        name: String, listen: [ListenAddress], service: ServiceSettings, idleTimeout: Duration? = nil,
        flowIdleTimeout: Duration? = flowIdleTimeoutByDefault, lifetime: Duration? = nil, maxConnections: Int? = nil,
        keepalive: ListeningOptions.KeepAlive? = nil, userTimeout: Duration? = nil,
        acceptProxy: [ProxySource] = [], allowsAmplification: Bool = false, log: LoggedEvents = .all,
        origin: SettingOrigin
    ) {
        self.name = name
        self.listen = listen
        self.service = service
        self.idleTimeout = idleTimeout
        self.flowIdleTimeout = flowIdleTimeout
        self.lifetime = lifetime
        self.maxConnections = maxConnections
        self.keepalive = keepalive
        self.userTimeout = userTimeout
        self.acceptProxy = acceptProxy
        self.allowsAmplification = allowsAmplification
        self.log = log
        self.origin = origin
    }

    /// How long a flow may rest if nobody says anything.
    public static let flowIdleTimeoutByDefault = Duration.seconds(30)

    /// What the listening sockets of one of the addresses are set to.
    public func options(for address: ListenAddress) -> ListeningOptions {
        ListeningOptions(
            backlog: address.backlog, keepAlive: keepalive, userTimeout: userTimeout?.wholeMilliseconds)
    }
}

extension Duration {
    /// As the kernel counts `user-timeout`.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
