// SPDX-License-Identifier: Apache-2.0

public import Addresses
import Policy

/// A service as the configuration knows it: its name, its keys, and the sockets that it can serve.
public struct ServiceSchema: Sendable {
    /// The name in the file and in records.
    public let name: String

    /// The kinds of sockets that it cannot serve, each with the reason, which follows "cannot be used there: ".
    public let unfit: [SocketKind: String]

    /// Whether its answer to a datagram is longer than the datagram, so that a forged source would be flooded.
    public let amplifies: Bool

    /// Whether its connections exchange data, so that all connections of a listener must be on one lane.
    public let sharesOneLane: Bool

    /// Whether it sends each frame of a CAN bus back, so that two on one bus would answer each other for ever.
    let returnsFrames: Bool

    /// The keys of this service alone.
    let keys: [SettingKey<any Sendable>]

    /// Required keys, each with an example of its value.
    let required: [(key: String, example: String)]

    /// The value that the keys are read into.
    let draft: any Sendable

    /// Makes the values of a listener after all keys were read, or reports why that is impossible.
    let resolve:
        @Sendable (
            _ listener: ListenerDraft, _ plan: ListenerPlan, _ host: any HostLookup, _ diagnostics: inout Diagnostics
        ) -> (any ServiceValues)?

    /// Makes a service whose keys are read into a draft, which is checked together with the rest of the listener.
    init<Draft: Sendable>(
        _ name: String, reading draft: Draft, keys: [SettingKey<Draft>],
        required: [(key: String, example: String)] = [],
        unfit: [SocketKind: String] = [:], amplifies: Bool = false, sharesOneLane: Bool = false,
        returnsFrames: Bool = false,
        resolve:
            @escaping @Sendable (Draft, ListenerDraft, ListenerPlan, any HostLookup, inout Diagnostics) -> (
                any ServiceValues
            )?
    ) {
        self.name = name
        self.unfit = unfit
        self.amplifies = amplifies
        self.sharesOneLane = sharesOneLane
        self.returnsFrames = returnsFrames
        self.keys = keys.map(\.erased)
        self.required = required
        self.draft = draft
        self.resolve = { listener, plan, host, diagnostics in
            guard let draft = listener.values as? Draft else { return nil }
            return resolve(draft, listener, plan, host, &diagnostics)
        }
    }

    /// Makes a service whose keys are read directly into its values.
    ///
    /// - Parameter values: the values of a listener without any of the keys.
    package init<Values: ServiceValues>(
        _ name: String, _ values: Values, keys: [SettingKey<Values>], unfit: [SocketKind: String] = [:],
        amplifies: Bool = false, sharesOneLane: Bool = false, returnsFrames: Bool = false
    ) {
        self.init(
            name, reading: values, keys: keys, unfit: unfit, amplifies: amplifies, sharesOneLane: sharesOneLane,
            returnsFrames: returnsFrames, resolve: { values, _, _, _, _ in values })
    }

    /// The kinds of sockets that it can serve; nil for all.
    var kinds: Set<SocketKind>? {
        unfit.isEmpty ? nil : Set(SocketKind.allCases).subtracting(unfit.keys)
    }

    /// Services that this version does not have, with their keys, by which they are recognised.
    static let unsupported: [(name: String, keys: [String])] = [
        ("exec", [])
    ]
}

extension SettingKey where Settings: Sendable {
    /// The key for settings of any type. Settings of another type are not changed.
    fileprivate var erased: SettingKey<any Sendable> {
        SettingKey<any Sendable>(name) { [read] entry, values, diagnostics in
            guard var own = values as? Settings else { return }
            read(entry, &own, &diagnostics)
            values = own
        }
    }
}

extension [ServiceSchema] {
    /// The service with a name.
    func named(_ name: String) -> ServiceSchema? { first { $0.name == name } }

    /// The name of the service that has this key.
    func owner(ofKey key: String) -> String? {
        first { $0.keys.contains { $0.name == key } }?.name
            ?? ServiceSchema.unsupported.first { $0.keys.contains(key) }?.name
    }

    /// The names of the services for which `condition` holds: `echo, discard and forward`.
    func list(where condition: (ServiceSchema) -> Bool) -> String {
        let names = filter(condition).map(\.name)
        guard let last = names.last, names.count > 1 else { return names.first ?? "none" }
        return names.dropLast().joined(separator: ", ") + " and \(last)"
    }
}
