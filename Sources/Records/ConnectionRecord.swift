// SPDX-License-Identifier: Apache-2.0

public import Addresses
public import LinuxSystem

/// What happened to one connection. Made for each, so it is cheap: numbers, addresses and one reference, no text; and it
/// is never copied, only lent to what encodes it.
public struct ConnectionRecord: ~Copyable, Sendable {
    /// What happened, with what belongs to it.
    public enum Event: Sendable {
        /// The connection was accepted.
        case open

        /// The connection ended.
        case close(ConnectionEnd)

        /// The connection was turned away.
        case refused(Refusal)

        /// The connection is alive and has moved this much.
        case live(ConnectionTraffic)

        /// The connection is alive, and its listener wants to hear of it from time to time.
        case progress(ConnectionTraffic)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public var time: UInt64

    /// What happened.
    public var event: Event

    /// The connection's number, unique in the life of the daemon; 0 for none.
    public var connection: UInt64

    /// The listener that accepted it.
    public var listener: ListenerLabel

    /// The kind of the socket.
    public var kind: SocketKind

    /// Who connected.
    public var peer: SocketAddress

    /// The address that it connected to.
    public var local: SocketAddress

    /// Who the kernel says it is, for Unix peers.
    public var credentials: PeerCredentials?

    /// Who brought the connection, where a PROXY header said who ``peer`` is.
    public var via: SocketAddress?

    /// What it has to do with an upstream, if it is relayed.
    public let upstream: UpstreamTrace?

    /// Makes a record.
    @inlinable
    public init(
        time: UInt64, event: Event, connection: UInt64, listener: ListenerLabel, kind: SocketKind, peer: SocketAddress,
        local: SocketAddress, credentials: PeerCredentials? = nil, via: SocketAddress? = nil,
        upstream: consuming UpstreamTrace? = nil
    ) {
        self.time = time
        self.event = event
        self.connection = connection
        self.listener = listener
        self.kind = kind
        self.peer = peer
        self.local = local
        self.credentials = credentials
        self.via = via
        self.upstream = upstream
    }

    /// The kind of the event.
    public var eventKind: EventKind {
        switch event {
        case .open: .open
        case .close: .close
        case .refused: .refused
        case .live: .live
        case .progress: .progress
        }
    }

    /// The journal's `MESSAGE_ID`: that of the reason, where there is one.
    var messageID: StaticString {
        switch event {
        case .close(let end): end.reason.messageID
        case .refused(let refusal): refusal.messageID
        case .open, .live, .progress: eventKind.messageID
        }
    }

    /// The level: that of the kind, but a close for want of something is a warning.
    public var level: RecordLevel {
        if case .close(let end) = event, end.reason.isFailure { return .warning }
        return eventKind.level
    }
}
