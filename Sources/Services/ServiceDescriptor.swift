// SPDX-License-Identifier: Apache-2.0

package import Addresses
public import Configuration
import Reactor
import Records

/// A service, from the keys that it has in the file to the making of its sessions.
///
/// To add one: a folder that extends this with a static value, and that value in ``builtIn``.
public struct ServiceDescriptor: Sendable {
    /// What the configuration knows of it.
    public let schema: ServiceSchema

    /// Makes the service of a listener; nil if the values are those of another service.
    let make: @Sendable (any ServiceValues, ListenerLabel, _ previous: ActiveService?) -> ActiveService?

    /// The services of this version, in the order in which messages name them.
    public static let builtIn: [ServiceDescriptor] = [.echo, .discard, .daytime, .time, .chargen, .chat, .forward]

    /// What the configuration knows of them.
    public static let schemas = builtIn.map(\.schema)

    /// A service with a schema of its own.
    ///
    /// - Parameter make: makes the service of a listener of its values, the listener's names for records, and the service
    ///   that it had before a reload.
    init<Values: ServiceValues>(
        _ schema: ServiceSchema, make: @escaping @Sendable (Values, ListenerLabel, ActiveService?) -> ActiveService
    ) {
        self.schema = schema
        self.make = { values, label, previous in (values as? Values).map { make($0, label, previous) } }
    }

    /// A service with keys.
    ///
    /// - Parameters:
    ///   - values: those of a listener without any of the keys.
    ///   - unfit: the kinds of sockets that it cannot serve, each with the reason.
    ///   - amplifies: whether it answers a datagram with more than it was sent.
    ///   - sharesOneLane: whether its connections talk to each other.
    ///   - make: makes the service of a listener.
    package init<Values: ServiceValues>(
        _ name: String, _ values: Values, keys: [SettingKey<Values>], unfit: [SocketKind: String] = [:],
        amplifies: Bool = false, sharesOneLane: Bool = false, make: @escaping @Sendable (Values) -> ActiveService
    ) {
        let schema = ServiceSchema(
            name, values, keys: keys, unfit: unfit, amplifies: amplifies, sharesOneLane: sharesOneLane)
        self.init(schema) { (values: Values, _, _) in make(values) }
    }

    /// A service without keys whose connections have nothing in common.
    ///
    /// - Parameter returnsFrames: whether it sends each frame of a CAN bus back.
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
