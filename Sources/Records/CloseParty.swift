// SPDX-License-Identifier: Apache-2.0

/// Who ended a connection: the field `by` of a `close` record.
public enum CloseParty: UInt8, CaseIterable, Sendable {
    /// Whoever connected.
    case client

    /// Whom the service relays to.
    case upstream

    /// The service itself.
    case service

    /// A person, by a signal or by a command.
    case `operator`

    /// The daemon, by a limit or because of an error.
    case daemon

    /// The value of the field `by`.
    public var name: StaticString {
        switch self {
        case .client: "client"
        case .upstream: "upstream"
        case .service: "service"
        case .operator: "operator"
        case .daemon: "daemon"
        }
    }
}
