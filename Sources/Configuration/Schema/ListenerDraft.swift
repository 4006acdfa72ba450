// SPDX-License-Identifier: Apache-2.0

import Policy
import TOML

/// A listener as one file has it, before it inherits settings and its names are resolved.
struct ListenerDraft: Sendable {
    let name: String
    /// The place of the name.
    let span: SourceSpan
    /// Its table; empty until it was read.
    var table = TOMLTable(range: SourceRange(start: 0, end: 0))
    /// nil if missing or invalid.
    var addresses: [WrittenAddress]?
    /// nil if missing or invalid.
    var service: ServiceSchema?
    /// The values of the service's keys.
    var values: any Sendable = NoKeys()
    /// nil if missing or invalid.
    var acceptProxy: [Located<ProxySource>]?
    /// `allow-amplification` with its place; nil if missing or invalid.
    var allowAmplification: Located<Bool>?
    /// The listener's own settings, without inherited ones.
    var own = InheritableSettings()

    /// The place of an inheritable key in the listener's own table; nil if it is not there.
    func span(of key: String) -> SourceSpan? { own.place(of: key).map { SourceSpan(file: span.file, range: $0) } }

    /// The places of its keys.
    var places: SettingPlaces { SettingPlaces(table, in: span.file) }

    init(name: String, span: SourceSpan) {
        self.name = name
        self.span = span
    }

    /// The keys of `[listener.NAME]` that cannot be inherited.
    static let keys: [SettingKey<Self>] = [
        SettingKey("listen", \.addresses, .addresses),
        SettingKey("service", \.service, .service),
        SettingKey("accept-proxy", \.acceptProxy, .proxySources),
        SettingKey("allow-amplification", \.allowAmplification, .located(.boolean)),
    ]
}

extension SettingType where Value == ServiceSchema {
    /// The name of a service.
    fileprivate static let service = Self { key, value, diagnostics in
        let names = diagnostics.services.map(\.name)
        guard case .string(let text) = value.content else {
            diagnostics.reportType(value, of: key, wanted: "the name of a service in quotes", example: "\"echo\"")
            return nil
        }
        if let schema = diagnostics.services.named(text) { return schema }
        if ServiceSchema.unsupported.contains(where: { $0.name == text }) {
            diagnostics.report(
                "the service `\(text)` is not supported by this version", at: value.range, help: "the services are",
                choices: names)
        } else {
            let suggestion = Suggestion(for: text, among: names, what: "service")
            diagnostics.report(
                "`\(text)` is not a service", at: value.range, help: suggestion.help, choices: suggestion.choices)
        }
        return nil
    }
}

extension SettingType where Value == [WrittenAddress] {
    /// One address to listen on, or an array of them.
    fileprivate static let addresses = Self { key, value, diagnostics in
        var items = [value]
        if case .array(let values) = value.content { items = values }
        guard !items.isEmpty else {
            diagnostics.report(
                "`\(key)` names no address", at: value.range, help: "write for example \"\(example)\"")
            return nil
        }
        var addresses: [WrittenAddress] = []
        for item in items {
            guard let address = diagnostics.address(item, of: key, example: example) else { continue }
            addresses.append(address)
        }
        return addresses.count == items.count ? addresses : nil
    }

    private static let example = "tcp://127.0.0.1:7007"
}
