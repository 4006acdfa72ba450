// SPDX-License-Identifier: Apache-2.0

extension ControlParameters {
    /// The number of a connection.
    package struct Connection: VarlinkParameters, Codable, Hashable, Sendable {
        package var number: UInt64

        package init(number: UInt64) { self.number = number }
        package enum CodingKeys: CodingKey, CaseIterable { case number }
    }
}

extension ControlResults {
    /// Of `Show`.
    package struct Show: Codable, Hashable, Sendable {
        /// What a list has too.
        package var connection: ConnectionStatus
        package var detail: ConnectionDetail

        package init(connection: ConnectionStatus, detail: ConnectionDetail) {
            self.connection = connection
            self.detail = detail
        }
    }
}

/// A close look at a connection or flow.
///
/// usherd keeps no time for each byte. When the last bytes came and went, the kernel tells of TCP
/// (``TCPStatus/receivedMicroseconds``); of other sockets only the later of both directions is known
/// (``ConnectionStatus/idleMicroseconds``). When one direction ended is known only if `half-close-timeout` counts from it.
package struct ConnectionDetail: Codable, Hashable, Sendable {
    package var origin: OriginStatus?
    package var deadlines: [DeadlineStatus] = []
    /// When one direction had ended, in microseconds since 1970; nil if none has, or if it is not known.
    package var halfClosed: UInt64?
    /// The client; nil for a flow, which shares the socket of its listener.
    package var client: SideStatus?
    /// The upstream, once it is connected.
    package var upstream: SideStatus?
    package var relaying: RelayingStatus?

    package init() {}

    private enum CodingKeys: String, CodingKey {
        case origin, deadlines, client, upstream, relaying
        case halfClosed = "half_closed"
    }
}

/// What a PROXY header said beside the client's address.
package struct OriginStatus: Codable, Hashable, Sendable {
    /// The address of the proxy that sent the header.
    package var via: String
    /// The version of the header.
    package var version: Int
    /// Whether the proxy connected for itself, as for a health check.
    package var isLocal: Bool
    /// The address that the client connected to at the proxy.
    package var destination: String?
    /// The ID that the proxy gave to the connection; bytes that are not text are escaped.
    package var uniqueID: String?
    /// The host name that the client asked for.
    package var authority: String?
    /// How many usherds have relayed the connection.
    package var hops: Int?

    package init(via: String, version: Int, isLocal: Bool) {
        self.via = via
        self.version = version
        self.isLocal = isLocal
    }

    private enum CodingKeys: String, CodingKey {
        case via, version, destination, authority, hops
        case isLocal = "is_local"
        case uniqueID = "unique_id"
    }
}

/// A deadline in force.
package struct DeadlineStatus: Codable, Hashable, Sendable {
    /// The name of its setting in usherd.toml(5); `closing` for the end of a connection that is being closed, `service` for one
    /// of its service.
    package var name: String
    /// The time left, in microseconds.
    package var leftMicroseconds: UInt64

    package init(name: String, leftMicroseconds: UInt64) {
        self.name = name
        self.leftMicroseconds = leftMicroseconds
    }

    private enum CodingKeys: String, CodingKey {
        case name
        case leftMicroseconds = "left_us"
    }
}

/// How an upstream was found for a connection.
package struct RelayingStatus: Codable, Hashable, Sendable {
    /// When the upstream was connected, in microseconds since 1970; nil if it is not.
    package var connected: UInt64?
    /// How long connecting took.
    package var connectMicroseconds: UInt64
    /// How long the connection waited in the queue.
    package var queueMicroseconds: UInt64
    /// How many upstreams were tried.
    package var attempts: Int
    /// Those that failed, each with its reason.
    package var failures: [String]

    package init(connectMicroseconds: UInt64, queueMicroseconds: UInt64, attempts: Int, failures: [String]) {
        self.connectMicroseconds = connectMicroseconds
        self.queueMicroseconds = queueMicroseconds
        self.attempts = attempts
        self.failures = failures
    }

    private enum CodingKeys: String, CodingKey {
        case connected, attempts, failures
        case connectMicroseconds = "connect_us"
        case queueMicroseconds = "queue_us"
    }
}

/// One side of a connection: the client or the upstream.
package struct SideStatus: Codable, Hashable, Sendable {
    /// How bytes are moved.
    package enum Transfer: String, Codable, Sendable { case copying, splicing }

    /// The address of this host's socket.
    package var local: String?
    /// How bytes from this side are moved to the other one.
    package var transfer: Transfer?
    /// Bytes for this side that usherd holds in memory, and in a pipe.
    package var held = 0
    package var piped = 0
    /// Whether EOF was read from this side.
    package var hasEnded = false
    /// What `Recv-Q` and `Send-Q` of ss(8) are: bytes that usherd has not read, and bytes that the peer has not acknowledged.
    package var receiveQueue: Int?
    package var sendQueue: Int?
    package var tcp: TCPStatus?

    package init() {}

    private enum CodingKeys: String, CodingKey {
        case local, transfer, held, piped, tcp
        case hasEnded = "has_ended"
        case receiveQueue = "receive_queue"
        case sendQueue = "send_queue"
    }
}

/// The kernel's view of a TCP connection: TCP_INFO of tcp(7).
package struct TCPStatus: Codable, Hashable, Sendable {
    /// The states of RFC 9293, section 3.3.2.
    package enum State: String, Codable, CaseIterable, Sendable {
        case established
        case synSent = "syn_sent"
        case synReceived = "syn_received"
        case finWait1 = "fin_wait_1"
        case finWait2 = "fin_wait_2"
        case timeWait = "time_wait"
        case closed
        case closeWait = "close_wait"
        case lastAcknowledgment = "last_ack"
        case listening = "listen"
        case closing
    }

    package var state: State?
    /// The name of the congestion control algorithm.
    package var congestion: String?
    /// The smoothed round-trip time, its variation and the retransmission timeout, in microseconds.
    package var rttMicroseconds: UInt32 = 0
    package var variationMicroseconds: UInt32 = 0
    package var timeoutMicroseconds: UInt32 = 0
    /// The maximum segment size, in bytes.
    package var mss: UInt32 = 0
    /// The congestion window, and what was sent and is not acknowledged, in segments.
    package var window: UInt32 = 0
    package var unacknowledged: UInt32 = 0
    /// Bytes that the kernel has not sent.
    package var unsent: UInt32 = 0
    /// Segments that were sent again, in the life of the connection.
    package var retransmits: UInt32 = 0
    /// Retransmission timeouts since the last acknowledgment.
    package var timeouts: UInt8 = 0
    /// Bytes per second: what was measured, and what the kernel allows; nil for no limit.
    package var deliveryRate: UInt64 = 0
    package var pacingRate: UInt64?
    /// The time since the last bytes came, and went, in microseconds; nil if there were none. As exact as the kernel's tick.
    package var receivedMicroseconds: UInt64?
    package var sentMicroseconds: UInt64?

    package init() {}

    private enum CodingKeys: String, CodingKey {
        case state, congestion, mss, unsent, retransmits, timeouts
        case rttMicroseconds = "rtt_us"
        case variationMicroseconds = "rttvar_us"
        case timeoutMicroseconds = "rto_us"
        case window = "cwnd"
        case unacknowledged = "unacked"
        case deliveryRate = "delivery_rate"
        case pacingRate = "pacing_rate"
        case receivedMicroseconds = "received_us"
        case sentMicroseconds = "sent_us"
    }
}
