// SPDX-License-Identifier: Apache-2.0

import Addresses
import TOML

/// The tables of a file, for messages.
enum SettingSection: Sendable {
    case daemon
    case log
    case defaults
    case listener(name: String, service: ServiceSchema?)
    case keepalive
    case upstream
    case health
    case ejection

    /// The table's name in messages.
    var title: String {
        switch self {
        case .daemon: "[daemon]"
        case .log: "[log]"
        case .defaults: "[defaults]"
        case .listener(let name, _): "[listener.\(name)]"
        case .keepalive: "`keepalive`"
        case .upstream: "an upstream"
        case .health: "`health`"
        case .ejection: "`eject`"
        }
    }

    /// The keys that the table may have.
    var keys: [String] {
        switch self {
        case .daemon: DaemonSettings.keys.map(\.name)
        case .log: LogSettings.keys.map(\.name)
        case .defaults: InheritableSettings.keys.map(\.name)
        // The keys of the service first: they matter most for the listener.
        case .listener(_, let service):
            (service?.keys.map(\.name) ?? []) + ListenerDraft.keys.map(\.name) + InheritableSettings.keys.map(\.name)
        case .keepalive: ListeningOptions.KeepAlive.keys.map(\.name)
        case .upstream: UpstreamDraft.keys
        case .health: HealthSettings.keys
        case .ejection: EjectionSettings.keys
        }
    }

    /// Whether keys of services may appear in this table.
    private var hasService: Bool {
        switch self {
        case .defaults, .listener: true
        case .daemon, .log, .keepalive, .upstream, .health, .ejection: false
        }
    }

    /// The table to which a key that is unknown here belongs; nil if there is none.
    private func home(of key: String) -> String? {
        if DaemonSettings.keys.contains(where: { $0.name == key }) { return "[daemon]" }
        if LogSettings.keys.contains(where: { $0.name == key }) { return "[log]" }
        if InheritableSettings.keys.contains(where: { $0.name == key }) { return "[defaults] or a [listener.NAME]" }
        if ListenerDraft.keys.contains(where: { $0.name == key }) { return "a [listener.NAME]" }
        return nil
    }
}

extension SettingSection {
    /// The message for a key that this table cannot have.
    func unknown(
        _ entry: TOMLTable.Entry, services: [ServiceSchema]
    ) -> (message: String, suggestion: Suggestion) {
        let key = entry.key
        if hasService, let owner = services.owner(ofKey: key) {
            let isSupported = services.named(owner) != nil
            let service: String
            if case .listener(_, let schema?) = self {
                service = ", and the service here is `\(schema.name)`"
            } else {
                service = ""
            }
            return (
                "`\(key)` is a key of the service `\(owner)`\(service)",
                Suggestion(
                    isSupported
                        ? "remove the key, or write service = \"\(owner)\""
                        : "remove the key: the service `\(owner)` is not supported by this version")
            )
        }
        let message = "\(title) has no key `\(key)`"
        if let home = home(of: key) { return (message, Suggestion("`\(key)` belongs in \(home)")) }
        // Another spelling of a key of this table, such as `MaxConnections`, is not a word of another program.
        let same = keys.first { ForeignWords.normalized($0) == ForeignWords.normalized(key) }
        if let same { return (message, Suggestion("did you mean `\(same)`?")) }
        if case .upstream = self, ForeignWords.isAddressOfUpstream(key) {
            return (message, Suggestion("here that is `address`: write address = \"tcp://HOST:PORT\""))
        }
        if let help = ForeignWords.key(key, value: entry.value) { return (message, Suggestion(help)) }
        return (message, Suggestion(for: key, among: keys, what: "key"))
    }
}

extension Diagnostics {
    /// Reads a table by its keys, and reports unknown keys.
    mutating func read<Settings>(
        _ table: TOMLTable, _ keys: [SettingKey<Settings>], into settings: inout Settings, section: SettingSection
    ) {
        for entry in table.entries {
            if let key = keys.first(where: { $0.name == entry.key }) {
                key.read(entry, &settings, &self)
            } else {
                reportUnknown(entry, in: section)
            }
        }
    }

    mutating func reportUnknown(_ entry: TOMLTable.Entry, in section: SettingSection) {
        // Skips the costly search for a suggestion.
        if isFull { return }
        let (message, suggestion) = section.unknown(entry, services: services)
        report(message, at: entry.keyRange, help: suggestion.help, choices: suggestion.choices)
    }
}
