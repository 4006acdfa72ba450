// SPDX-License-Identifier: Apache-2.0

/// A service as the configuration knows it: its name, what it is without any keys, and the keys that only it has.
///
/// To add a service: a case of ``ServiceSettings`` with its settings, and an entry here.
struct ServiceSchema: Sendable {
    let name: String
    let settings: ServiceSettings
    let keys: [SettingKey<ListenerDraft>]

    private init(_ settings: ServiceSettings, keys: [SettingKey<ListenerDraft>] = []) {
        self.name = settings.name
        self.settings = settings
        self.keys = keys
    }

    /// All services.
    static let all: [ServiceSchema] = [
        ServiceSchema(.echo),
        ServiceSchema(.discard),
        ServiceSchema(.daytime),
        ServiceSchema(.time),
        ServiceSchema(.chargen),
        ServiceSchema(.chat),
        ServiceSchema(.forward(ForwardSettings(upstreams: [])), keys: ForwardDraft.keys),
    ]

    static func named(_ name: String) -> ServiceSchema? { all.first { $0.name == name } }

    /// Services of the design that this version does not have, with the keys by which one knows that they were meant.
    static let unsupported: [(name: String, keys: [String])] = [
        ("exec", [])
    ]

    /// The service that has a key of this name.
    static func owner(ofKey key: String) -> String? {
        all.first { $0.keys.contains { $0.name == key } }?.name ?? unsupported.first { $0.keys.contains(key) }?.name
    }
}
