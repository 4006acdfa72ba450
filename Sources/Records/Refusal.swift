// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// The rule that refused a connection.
public enum Refusal: Error, Hashable {
    /// The listener has reached its limit of connections.
    case listenerLimit(Int)

    /// The daemon has reached its limit of connections.
    case daemonLimit(Int)

    /// The PROXY header is invalid or missing; with the cause in words.
    case proxyHeader(String)

    /// A loop: the connection has passed through this number of relays.
    case loop(Int)

    /// The source of a datagram is an upstream of its relay, or a socket on which this daemon listens.
    case ownAddress

    /// Every upstream is down.
    case upstreamsDown

    /// An operator has drained or disabled every upstream that is not down.
    case upstreamsWithdrawn

    /// Every upstream has reached its limit, and the queue is full: this number of clients wait.
    case queueLimit(Int)

    /// The connection ended before its PROXY header was read.
    case ended(CloseReason)

    /// An operator has paused the listener. Only flows are refused: connections wait in the backlog.
    case paused

    /// The rules, without the data of one refusal.
    public enum Kind: Int, CaseIterable, Sendable {
        /// ``Refusal/listenerLimit(_:)``
        case listenerLimit
        /// ``Refusal/daemonLimit(_:)``
        case daemonLimit
        /// ``Refusal/proxyHeader(_:)``
        case proxyHeader
        /// ``Refusal/loop(_:)``
        case loop
        /// ``Refusal/ownAddress``
        case ownAddress
        /// ``Refusal/upstreamsDown``
        case upstreamsDown
        /// ``Refusal/queueLimit(_:)``
        case queueLimit
        /// ``Refusal/ended(_:)``
        case ended
        /// ``Refusal/paused``
        case paused
        /// ``Refusal/upstreamsWithdrawn``
        case upstreamsWithdrawn

        /// The name in status lists.
        package var name: String {
            switch self {
            case .listenerLimit: "listener-limit"
            case .daemonLimit: "daemon-limit"
            case .proxyHeader: "proxy-header"
            case .loop: "loop"
            case .ownAddress: "own-address"
            case .upstreamsDown: "upstreams-down"
            case .queueLimit: "queue-limit"
            case .ended: "ended-before-header"
            case .paused: "paused"
            case .upstreamsWithdrawn: "upstreams-withdrawn"
            }
        }

        /// The configuration key, or the command, behind the rule: the field `rule`.
        package var rule: StaticString {
            switch self {
            case .listenerLimit: "listener.max-connections"
            case .daemonLimit: "daemon.max-connections"
            case .proxyHeader, .ended: "listener.accept-proxy"
            case .loop, .ownAddress, .upstreamsDown: "listener.to"
            case .queueLimit: "listener.queue-limit"
            case .paused: "usherctl pause"
            case .upstreamsWithdrawn: "usherctl upstream"
            }
        }
    }

    /// The rule alone.
    public var kind: Kind {
        switch self {
        case .listenerLimit: .listenerLimit
        case .daemonLimit: .daemonLimit
        case .proxyHeader: .proxyHeader
        case .loop: .loop
        case .ownAddress: .ownAddress
        case .upstreamsDown: .upstreamsDown
        case .queueLimit: .queueLimit
        case .ended: .ended
        case .paused: .paused
        case .upstreamsWithdrawn: .upstreamsWithdrawn
        }
    }

    /// The configuration key, or the command, behind the rule: the field `rule`.
    public var rule: StaticString { kind.rule }

    /// The journal's `MESSAGE_ID` of a `refused` record with this rule: 32 hexadecimal digits.
    public var messageID: StaticString {
        switch self {
        case .listenerLimit: "011fded37d304b86b3767892b71c006b"
        case .daemonLimit: "2157d63594e147bd96117a6d5ac0d321"
        case .proxyHeader: "14282d98f3514430807db0429f67346e"
        case .loop, .ownAddress: "e4a4ff14c51c45e182e234ab5de3dfd2"
        case .upstreamsDown: "2a93af557c5646f8bb8f65fd5cb60023"
        case .queueLimit: "69860cdc6ef94c3cbf7f5fc2db0f2cf3"
        case .ended: "5efc58b54b3a41faa22b2a2714326c32"
        case .paused: "7c1b8a4d2f0e4b6f9b3e5a1c6d8f2e07"
        case .upstreamsWithdrawn: "85ecf858fc60415e8ce0303630d20529"
        }
    }

    /// The text of the field `reason`.
    public var reason: String {
        var bytes: [UInt8] = []
        bytes.append(addingCapacity: 256 + mostReasonBytes * Escaping.mostGrowth) { appendReason(to: &$0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the field `reason`: `max-connections of the listener (2000)`.
    func appendReason(to bytes: inout ByteOutput) {
        switch self {
        case .listenerLimit(let count):
            bytes.append("max-connections of the listener (")
            bytes.append(decimal: UInt64(max(count, 0)))
            bytes.append(UInt8(ascii: ")"))
        case .daemonLimit(let count):
            bytes.append("max-connections of the daemon (")
            bytes.append(decimal: UInt64(max(count, 0)))
            bytes.append(UInt8(ascii: ")"))
        case .proxyHeader(let mistake):
            bytes.append("PROXY header: ")
            bytes.append(text: mistake)
        case .loop(let hops):
            bytes.append("loop detected: ")
            bytes.append(decimal: UInt64(max(hops, 0)))
            bytes.append(hops == 1 ? " relay" : " relays")
        case .ownAddress:
            bytes.append("source is an upstream or a listener of this daemon (loop or forged)")
        case .upstreamsDown:
            bytes.append("every upstream is down")
        case .queueLimit(let count):
            bytes.append("every upstream has its max-connections, and the queue is full (")
            bytes.append(decimal: UInt64(max(count, 0)))
            bytes.append(UInt8(ascii: ")"))
        case .ended(let reason):
            bytes.append("connection ended before the PROXY header: ")
            bytes.append(reason.name)
        case .paused:
            bytes.append("paused by an operator")
        case .upstreamsWithdrawn:
            bytes.append("an operator has drained, disabled or given weight 0 to every upstream that is not down")
        }
    }

    /// An upper bound for the bytes of the reason that ``RecordSize/fixed`` does not include.
    var mostReasonBytes: Int {
        if case .proxyHeader(let mistake) = self { mistake.utf8.count } else { 0 }
    }
}
