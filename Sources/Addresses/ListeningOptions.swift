// SPDX-License-Identifier: Apache-2.0

/// What a listening socket gives to the connections that it accepts. All of it may be changed while it listens.
public struct ListeningOptions: Hashable, Sendable {
    /// Probes for peers that vanished without a word: tcp(7).
    public struct KeepAlive: Hashable, Sendable {
        /// Seconds of silence before the first probe; nil leaves it to the kernel (`tcp_keepalive_time`).
        public var idle: Int?
        /// Seconds between probes; nil leaves it to the kernel.
        public var interval: Int?
        /// Unanswered probes after which the connection is dead; nil leaves it to the kernel.
        public var count: Int?

        /// Makes the settings.
        public init(idle: Int? = nil, interval: Int? = nil, count: Int? = nil) {
            self.idle = idle
            self.interval = interval
            self.count = count
        }
    }

    /// How many connections may wait to be accepted; the kernel lowers it to `net.core.somaxconn`. nil leaves that of a
    /// socket which listens already, and was made by somebody else.
    public var backlog: Int?

    /// nil sends no probes.
    public var keepAlive: KeepAlive?

    /// Milliseconds that sent bytes may stay unacknowledged before the connection is dead: TCP_USER_TIMEOUT of tcp(7); nil
    /// leaves it to the kernel.
    public var userTimeout: Int?

    /// Makes the options.
    public init(backlog: Int? = 4096, keepAlive: KeepAlive? = nil, userTimeout: Int? = nil) {
        self.backlog = backlog
        self.keepAlive = keepAlive
        self.userTimeout = userTimeout
    }
}

/// How a TCP connection finds out that its peer has vanished.
public struct PeerTimers: Hashable, Sendable {
    /// nil sends no probes.
    public var keepAlive: ListeningOptions.KeepAlive?

    /// As ``ListeningOptions/userTimeout``.
    public var userTimeout: Int?

    /// Makes the timers; the kernel's own if nothing is said.
    public init(keepAlive: ListeningOptions.KeepAlive? = nil, userTimeout: Int? = nil) {
        self.keepAlive = keepAlive
        self.userTimeout = userTimeout
    }
}
