// SPDX-License-Identifier: Apache-2.0

/// Why a connection ended: the field `reason` of a `close` record.
public enum CloseReason: UInt8, CaseIterable, Sendable {
    /// The client closed its side and had everything.
    case clientClosed

    /// The upstream closed its side and had everything.
    case upstreamClosed

    /// The service had said all that it had to say.
    case finished

    /// Nothing moved for the listener's `idle-timeout`.
    case idleTimeout

    /// The listener's `lifetime` was over.
    case lifetime

    /// The client reset the connection.
    case resetByClient

    /// The upstream reset the connection.
    case resetByUpstream

    /// No upstream could be reached.
    case connectFailed

    /// No upstream had room for it within the listener's `queue-timeout`.
    case queueTimeout

    /// The client or the upstream had finished, and the other did not within the listener's `half-close-timeout`.
    case halfCloseTimeout

    /// The upstream went down, and the listener's `on-down` says to close its connections.
    case upstreamDown

    /// The client did not read what others sent it, and what was held for it reached its bound.
    case slowReader

    /// A message of a framed stream is longer than the other side takes.
    case messageTooLong

    /// A framed stream has ended within a message.
    case messageTruncated

    /// The daemon stopped.
    case stopped

    /// The listener went away and `drain-timeout` was over.
    case drained

    /// The operator closed this connection.
    case closedByOperator

    /// A system call failed; `errno` says how.
    case error

    /// The value of the field `reason`.
    public var name: StaticString {
        switch self {
        case .clientClosed: "client-closed"
        case .upstreamClosed: "upstream-closed"
        case .finished: "finished"
        case .idleTimeout: "idle-timeout"
        case .lifetime: "lifetime"
        case .resetByClient: "reset-by-client"
        case .resetByUpstream: "reset-by-upstream"
        case .connectFailed: "connect-failed"
        case .queueTimeout: "queue-timeout"
        case .halfCloseTimeout: "half-close-timeout"
        case .upstreamDown: "upstream-down"
        case .slowReader: "slow-reader"
        case .messageTooLong: "message-too-long"
        case .messageTruncated: "message-truncated"
        case .stopped: "stopped"
        case .drained: "drained"
        case .closedByOperator: "closed-by-operator"
        case .error: "error"
        }
    }

    /// Whether the client was not served as it should have been.
    var isFailure: Bool {
        switch self {
        case .connectFailed, .queueTimeout, .upstreamDown, .error: true
        case .clientClosed, .upstreamClosed, .finished, .idleTimeout, .lifetime, .resetByClient, .resetByUpstream,
            .halfCloseTimeout, .slowReader, .messageTooLong, .messageTruncated, .stopped, .drained, .closedByOperator:
            false
        }
    }
}
