// SPDX-License-Identifier: Apache-2.0

/// The party that ended a connection: the field `by` of a `close` record.
public enum CloseParty: UInt8, CaseIterable, Sendable {
    /// The peer that connected.
    case client

    /// The peer to which the service relays.
    case upstream

    /// The service itself.
    case service

    /// The operator, with a signal or a command.
    case `operator`

    /// The daemon, because of a limit or an error.
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
