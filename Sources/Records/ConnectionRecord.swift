// SPDX-License-Identifier: Apache-2.0

public import Addresses
public import LinuxSystem

/// An event of one connection.
///
/// Made for every connection, so it is cheap: numbers, addresses and one reference, no text. It is never copied, only borrowed by
/// the encoders.
public struct ConnectionRecord: ~Copyable, Sendable {
    /// The event with its data.
    public enum Event: Sendable {
        /// The connection was accepted.
        case open

        /// The connection ended.
        case close(ConnectionEnd)

        /// The connection was refused.
        case refused(Refusal)

        /// The connection is open; its traffic so far, on SIGUSR2.
        case live(ConnectionTraffic)

        /// The connection is open; its traffic so far, at the interval that its listener configures.
        case progress(ConnectionTraffic)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public var time: UInt64

    /// The event.
    public var event: Event

    /// The connection's number, unique while the daemon runs; 0 for none.
    public var connection: UInt64

    /// The listener that accepted it.
    public var listener: ListenerLabel

    /// The kind of the socket.
    public var kind: SocketKind

    /// The address of the client.
    public var peer: SocketAddress

    /// The address to which the client connected.
    public var local: SocketAddress

    /// The client's process according to the kernel, for Unix sockets.
    public var credentials: PeerCredentials?

    /// The address of the proxy that connected, if ``peer`` comes from a PROXY header.
    public var via: SocketAddress?

    /// The upstream data of a relayed connection.
    public var upstream: UpstreamTrace?

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

    /// The journal's `MESSAGE_ID`: that of the reason for `close` and `refused`, else that of the event.
    var messageID: StaticString {
        switch event {
        case .close(let end): end.reason.messageID
        case .refused(let refusal): refusal.messageID
        case .open, .live, .progress: eventKind.messageID
        }
    }

    /// The level of the event; a `close` that counts as a failure is a warning.
    public var level: RecordLevel {
        if case .close(let end) = event, end.reason.isFailure { return .warning }
        return eventKind.level
    }
}
