// SPDX-License-Identifier: Apache-2.0

/// Why a connection ended: the field `reason` of a `close` record.
public enum CloseReason: UInt8, CaseIterable, Sendable {
    /// The client closed its side and had received everything.
    case clientClosed

    /// The upstream closed its side and had received everything.
    case upstreamClosed

    /// The service had sent everything.
    case finished

    /// No bytes were transferred for the listener's `idle-timeout`.
    case idleTimeout

    /// The listener's `lifetime` had passed.
    case lifetime

    /// The client reset the connection.
    case resetByClient

    /// The upstream reset the connection.
    case resetByUpstream

    /// No upstream could be reached.
    case connectFailed

    /// No upstream had room for the connection within the listener's `queue-timeout`.
    case queueTimeout

    /// One side had shut down its writing direction, and the other did not within the listener's `half-close-timeout`.
    case halfCloseTimeout

    /// The upstream went down, and the listener's `on-down` closes its connections.
    case upstreamDown

    /// The client did not read what others sent it, and its buffer reached its limit.
    case slowReader

    /// A message of a framed stream or of a seqpacket socket is longer than the other side accepts.
    case messageTooLong

    /// A framed stream ended within a message.
    case messageTruncated

    /// The daemon stopped.
    case stopped

    /// The listener was removed and `drain-timeout` had passed.
    case drained

    /// The operator closed this connection.
    case closedByOperator

    /// A system call failed; `errno` has the error.
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

    /// The journal's `MESSAGE_ID` of a `close` record with this reason: 32 hexadecimal digits.
    ///
    /// The catalog explains each reason by itself.
    public var messageID: StaticString {
        switch self {
        case .clientClosed: "796ac7e7e61144ee985376e4b8d171d9"
        case .upstreamClosed: "dbf42febcf6b42f48e1cdbbc1b396b23"
        case .finished: "3de83f9eb5994241856285ff62a0af4c"
        case .idleTimeout: "ba5f0c16e00a4b00a861a624aa6eadf8"
        case .lifetime: "d1667b659c444919b3b116e396657591"
        case .resetByClient: "54755e4f8f1645a6adce8fa6f180dfd9"
        case .resetByUpstream: "1a97f431d7d04ade98af7da06e3ca364"
        case .connectFailed: "bb986e28c8554bb8a0dc3e6b01523527"
        case .queueTimeout: "ef421956e7f943acb5c7eb667fe51ec5"
        case .halfCloseTimeout: "ff7dc7d71de04254a254e13c71039697"
        case .upstreamDown: "2ff6f148f913477883246863415b8db3"
        case .slowReader: "e19a29ad8bce41999ffc554179d64ece"
        case .messageTooLong: "7dcbaa336ab146d5a7c99e3a6781fe2f"
        case .messageTruncated: "8b036184660448ff809e1c2016edcb19"
        case .stopped: "2f651bfad448444da718bbb76b524481"
        case .drained: "36d8db2dd371478e8ad4ab278c71f7e2"
        case .closedByOperator: "59f0ba2f15db491ab56e3cd92e82ca02"
        case .error: "ff26264c1366451c99f94b91825a5a07"
        }
    }

    /// Whether the service could not do its work for the client.
    public var isFailure: Bool {
        switch self {
        case .connectFailed, .queueTimeout, .upstreamDown, .error: true
        case .clientClosed, .upstreamClosed, .finished, .idleTimeout, .lifetime, .resetByClient, .resetByUpstream,
            .halfCloseTimeout, .slowReader, .messageTooLong, .messageTruncated, .stopped, .drained, .closedByOperator:
            false
        }
    }
}
