// SPDX-License-Identifier: Apache-2.0

/// The options that a listening socket passes on to accepted connections. All may change while it listens.
public struct ListeningOptions: Hashable, Sendable {
    /// Keep-alive probes, which detect a vanished peer: tcp(7).
    public struct KeepAlive: Hashable, Sendable {
        /// Idle seconds before the first probe; nil for the kernel's value (`tcp_keepalive_time`).
        public var idle: Int?
        /// Seconds between probes; nil for the kernel's value.
        public var interval: Int?
        /// Unanswered probes after which the connection ends; nil for the kernel's value.
        public var count: Int?

        /// Makes the settings.
        public init(idle: Int? = nil, interval: Int? = nil, count: Int? = nil) {
            self.idle = idle
            self.interval = interval
            self.count = count
        }
    }

    /// The backlog; the kernel limits it to `net.core.somaxconn`. nil keeps that of a passed socket that listens already.
    public var backlog: Int?

    /// The keep-alive probes; nil for none.
    public var keepAlive: KeepAlive?

    /// How long sent bytes may stay unacknowledged before the connection ends, in milliseconds.
    ///
    /// TCP_USER_TIMEOUT of tcp(7); nil for the kernel's value.
    public var userTimeout: Int?

    /// Makes the options.
    public init(backlog: Int? = 4096, keepAlive: KeepAlive? = nil, userTimeout: Int? = nil) {
        self.backlog = backlog
        self.keepAlive = keepAlive
        self.userTimeout = userTimeout
    }
}

/// The timers with which a TCP connection detects a vanished peer.
public struct PeerTimers: Hashable, Sendable {
    /// The keep-alive probes; nil for none.
    public var keepAlive: ListeningOptions.KeepAlive?

    /// As ``ListeningOptions/userTimeout``.
    public var userTimeout: Int?

    /// Makes the timers; the kernel's own by default.
    public init(keepAlive: ListeningOptions.KeepAlive? = nil, userTimeout: Int? = nil) {
        self.keepAlive = keepAlive
        self.userTimeout = userTimeout
    }
}
