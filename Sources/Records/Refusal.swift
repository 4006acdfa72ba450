// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// The rule that turned a connection away.
public enum Refusal: Hashable, Sendable {
    /// The listener has as many connections as it may have.
    case listenerLimit(Int)

    /// The daemon has as many connections as it may have.
    case daemonLimit(Int)

    /// The key of the configuration that says so: the field `rule`.
    public var rule: StaticString {
        switch self {
        case .listenerLimit: "listener.max-connections"
        case .daemonLimit: "daemon.max-connections"
        }
    }

    /// Appends the field `reason`: `max-connections of the listener (2000)`.
    func appendReason(to bytes: inout ByteOutput) {
        let limit: Int
        switch self {
        case .listenerLimit(let count):
            bytes.append("max-connections of the listener (")
            limit = count
        case .daemonLimit(let count):
            bytes.append("max-connections of the daemon (")
            limit = count
        }
        bytes.append(decimal: UInt64(max(limit, 0)))
        bytes.append(UInt8(ascii: ")"))
    }
}
