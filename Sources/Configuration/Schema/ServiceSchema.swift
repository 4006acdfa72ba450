// SPDX-License-Identifier: Apache-2.0

public import Addresses
import Policy

/// A service as the configuration knows it: its name, its keys, and what it can serve.
public struct ServiceSchema: Sendable {
    /// The name as it stands in the file and in records.
    public let name: String

    /// The kinds of sockets that it cannot serve, each with the reason, which completes "cannot be used there: ".
    public let unfit: [SocketKind: String]

    /// Whether it answers a datagram with more than it was sent, so that a forged source is flooded.
    public let amplifies: Bool

    /// Whether its connections talk to each other, so that all of a listener have to be on one lane.
    public let sharesOneLane: Bool

    /// Whether it sends each frame of a CAN bus back, so that two on a bus would answer each other without end.
    let returnsFrames: Bool

    /// The keys that only this service has.
    let keys: [SettingKey<any Sendable>]

    /// Keys that have to be there, each with an example of its value.
    let required: [(key: String, example: String)]

    /// What the keys are read into.
    let draft: any Sendable

    /// Makes the values of a listener that has been read, or reports why there can be none.
    let resolve:
        @Sendable (
            _ listener: ListenerDraft, _ plan: ListenerPlan, _ host: any HostLookup, _ diagnostics: inout Diagnostics
        ) -> (any ServiceValues)?

    /// A service whose keys are read into a draft, which is judged together with the rest of the listener.
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

    /// A service whose keys go straight into its values.
    ///
    /// - Parameter values: those of a listener without any of the keys.
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

    /// Services of the design that this version does not have, with the keys by which one knows that they were meant.
    static let unsupported: [(name: String, keys: [String])] = [
        ("exec", [])
    ]
}

extension SettingKey where Settings: Sendable {
    /// The same key for settings whose type is not known there. Settings of another type stay as they are.
    fileprivate var erased: SettingKey<any Sendable> {
        SettingKey<any Sendable>(name) { [read] entry, values, diagnostics in
            guard var own = values as? Settings else { return }
            read(entry, &own, &diagnostics)
            values = own
        }
    }
}

extension [ServiceSchema] {
    /// The service of a name.
    func named(_ name: String) -> ServiceSchema? { first { $0.name == name } }

    /// The service that has a key of this name.
    func owner(ofKey key: String) -> String? {
        first { $0.keys.contains { $0.name == key } }?.name
            ?? ServiceSchema.unsupported.first { $0.keys.contains(key) }?.name
    }

    /// The names of those for which `condition` holds: `echo, discard and forward`.
    func list(where condition: (ServiceSchema) -> Bool) -> String {
        let names = filter(condition).map(\.name)
        guard let last = names.last, names.count > 1 else { return names.first ?? "none" }
        return names.dropLast().joined(separator: ", ") + " and \(last)"
    }
}
