// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// What the keys of a service say in one listener.
public protocol ServiceValues: Hashable, Sendable {
    /// What differs from the default, as in the file: for `usherctl check`.
    var summary: [String] { get }

    /// The kinds of sockets that fit these values; nil for all that the service can serve. Sockets that systemd passes are
    /// checked against it at the start.
    var kinds: Set<SocketKind>? { get }
}

extension ServiceValues {
    /// Nothing.
    public var summary: [String] { [] }

    /// All.
    public var kinds: Set<SocketKind>? { nil }
}

/// The values of a service without keys.
public struct NoKeys: ServiceValues {
    /// The only one.
    public init() {}
}

/// `service`, with what the keys of that service say.
///
/// Two are equal if the service and all its values are the same: a reload keeps the service then, with what it knows.
public struct ServiceSettings: Sendable {
    /// The service.
    public let schema: ServiceSchema

    /// What its keys say.
    public let values: any ServiceValues

    /// Puts a service and its values together.
    public init(_ schema: ServiceSchema, _ values: any ServiceValues = NoKeys()) {
        self.schema = schema
        self.values = values
    }

    /// The name as it stands in the file and in records.
    public var name: String { schema.name }

    /// The kinds of sockets that the service can serve; nil for all.
    public var kinds: Set<SocketKind>? { values.kinds ?? schema.kinds }
}

extension ServiceSettings: Hashable {
    /// Whether service and values are the same.
    public static func == (one: Self, other: Self) -> Bool {
        one.name == other.name && AnyHashable(one.values) == AnyHashable(other.values)
    }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(AnyHashable(values))
    }
}
