// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// The values of a service's keys in one listener.
public protocol ServiceValues: Hashable, Sendable {
    /// The values that differ from the default, as in the file: for `usherctl check`.
    var summary: [String] { get }

    /// The kinds of sockets that fit these values; nil for every kind that the service can serve.
    ///
    /// Sockets that systemd passes are checked against it at the start.
    var kinds: Set<SocketKind>? { get }
}

extension ServiceValues {
    /// Empty: nothing differs from the default.
    public var summary: [String] { [] }

    /// nil: every kind.
    public var kinds: Set<SocketKind>? { nil }
}

/// The values of a service without keys.
public struct NoKeys: ServiceValues {
    /// Makes the only value.
    public init() {}
}

/// `service`, with the values of its keys.
///
/// Two are equal if the service and all its values are equal: then a reload keeps the service with its state.
public struct ServiceSettings: Sendable {
    /// The service.
    public let schema: ServiceSchema

    /// The values of its keys.
    public let values: any ServiceValues

    /// Makes settings from a service and its values.
    public init(_ schema: ServiceSchema, _ values: any ServiceValues = NoKeys()) {
        self.schema = schema
        self.values = values
    }

    /// The name in the file and in records.
    public var name: String { schema.name }

    /// The kinds of sockets that the service can serve; nil for all.
    public var kinds: Set<SocketKind>? { values.kinds ?? schema.kinds }
}

extension ServiceSettings: Hashable {
    /// Whether the services and their values are equal.
    public static func == (one: Self, other: Self) -> Bool {
        one.name == other.name && AnyHashable(one.values) == AnyHashable(other.values)
    }

    /// Hashes the name and the values.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(AnyHashable(values))
    }
}
