// SPDX-License-Identifier: Apache-2.0

package import Addresses
public import Configuration
import Reactor
import Records

/// Describes a service: its keys in the configuration, and how to make it for a listener.
///
/// To add a service, add a folder that extends this type with a static value, and add that value to ``builtIn``.
public struct ServiceDescriptor: Sendable {
    /// What the configuration needs to know about the service.
    public let schema: ServiceSchema

    /// Makes the service of a listener; nil if the values are those of another service.
    let make: @Sendable (any ServiceValues, ListenerLabel, _ previous: ActiveService?) -> ActiveService?

    /// The services of this version, in the order in which messages list them.
    public static let builtIn: [ServiceDescriptor] = [
        .echo,
        .discard,
        .daytime,
        .time,
        .chargen,
        .chat,
        .forward,
    ]

    /// The schemas of the built-in services, for the configuration.
    public static let schemas = builtIn.map(\.schema)

    /// A service with its own schema.
    ///
    /// - Parameter make: makes the service of a listener from its values, the listener's names for records, and the service
    ///   that the listener had before a reload.
    init<Values: ServiceValues>(
        _ schema: ServiceSchema, make: @escaping @Sendable (Values, ListenerLabel, ActiveService?) -> ActiveService
    ) {
        self.schema = schema
        self.make = { values, label, previous in (values as? Values).map { make($0, label, previous) } }
    }

    /// A service with keys.
    ///
    /// - Parameters:
    ///   - values: the values of a listener without any of the keys.
    ///   - unfit: the kinds of sockets that it cannot serve, each with the reason.
    ///   - amplifies: whether its answer may be longer than the datagram.
    ///   - sharesOneLane: whether its connections exchange data.
    ///   - make: makes the service of a listener.
    package init<Values: ServiceValues>(
        _ name: String, _ values: Values, keys: [SettingKey<Values>], unfit: [SocketKind: String] = [:],
        amplifies: Bool = false, sharesOneLane: Bool = false, make: @escaping @Sendable (Values) -> ActiveService
    ) {
        let schema = ServiceSchema(
            name, values, keys: keys, unfit: unfit, amplifies: amplifies, sharesOneLane: sharesOneLane)
        self.init(schema) { (values: Values, _, _) in make(values) }
    }

    /// A service without keys whose connections share no state.
    ///
    /// - Parameter returnsFrames: whether it sends every frame back to its CAN bus.
    init(
        _ name: String, unfit: [SocketKind: String] = [:], amplifies: Bool = false, returnsFrames: Bool = false,
        session: @escaping @Sendable (consuming Seed, Lane) -> StreamSession,
        flow: @escaping @Sendable (FlowSeed, Lane) -> Flow
    ) {
        let schema = ServiceSchema(
            name, NoKeys(), keys: [], unfit: unfit, amplifies: amplifies, returnsFrames: returnsFrames)
        self.init(schema) { (_: NoKeys, _, _) in .stateless(session, flow: flow) }
    }
}
