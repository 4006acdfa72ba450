// SPDX-License-Identifier: Apache-2.0

import Policy
import TOML

/// A listener as one file has it, before it inherits and its names are resolved.
struct ListenerDraft: Sendable {
    let name: String
    /// Where the name stands.
    let span: SourceSpan
    /// nil if it is missing or wrong.
    var addresses: [WrittenAddress]?
    /// nil if it is missing or wrong.
    var service: ServiceSchema?
    /// What the keys of the service say.
    var values: any Sendable = NoKeys()
    /// nil if it is missing or wrong.
    var acceptProxy: [Located<ProxySource>]?
    /// Where `allow-amplification` says yes or no, if it does.
    var allowAmplification: Located<Bool>?
    /// What the listener says itself, not inherits.
    var own = InheritableSettings()

    /// Where a key that could be inherited is written, if it is.
    func span(of key: String) -> SourceSpan? { own.place(of: key).map { SourceSpan(file: span.file, range: $0) } }

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
