// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import TOML

/// A listener as one file has it, before it inherits and its names are resolved.
struct ListenerDraft: Sendable {
    /// One address of `listen`.
    struct Address: Sendable {
        let endpoint: Endpoint
        /// The text of the string.
        let text: String
        /// The string with its quotes.
        let span: SourceSpan

        /// The place of a part of the text, such as the name of a user.
        func span(of part: String) -> SourceSpan {
            let bytes = Array(text.utf8)
            let wanted = Array(part.utf8)
            guard !wanted.isEmpty, bytes.count >= wanted.count,
                // From the end, since the scheme could hold the same letters.
                let start = (0...bytes.count - wanted.count).last(where: {
                    bytes[$0..<$0 + wanted.count].elementsEqual(wanted)
                })
            else { return span }
            return span.file.span(span.file.range(of: start..<start + wanted.count, in: text, at: span.range))
        }
    }

    let name: String
    /// Where the name stands.
    let span: SourceSpan
    /// nil if it is missing or wrong.
    var addresses: [Address]?
    /// nil if it is missing or wrong.
    var service: ServiceSettings?
    /// What the listener says itself, not inherits.
    var own = InheritableSettings()
    /// Where `keepalive` is written, if it is.
    var keepaliveSpan: SourceSpan?

    init(name: String, span: SourceSpan) {
        self.name = name
        self.span = span
    }

    /// The keys of `[listener.NAME]` that cannot be inherited.
    static let keys: [SettingKey<Self>] = [
        SettingKey("listen", \.addresses, .addresses),
        SettingKey("service", \.service, .service),
    ]
}

extension SettingType where Value == ServiceSettings {
    /// The name of a service.
    fileprivate static let service = Self { key, value, diagnostics in
        let names = ServiceSchema.all.map(\.name)
        guard case .string(let text) = value.content else {
            diagnostics.reportType(value, of: key, wanted: "the name of a service in quotes", example: "\"echo\"")
            return nil
        }
        if let schema = ServiceSchema.named(text) { return schema.settings }
        if ServiceSchema.unsupported.contains(where: { $0.name == text }) {
            diagnostics.report(
                "the service `\(text)` is not supported by this version", at: value.range,
                help: "the services are \(Suggestion.list(names))")
        } else {
            diagnostics.report(
                "`\(text)` is not a service", at: value.range,
                help: Suggestion.help(for: text, among: names, what: "service"))
        }
        return nil
    }
}

extension SettingType where Value == [ListenerDraft.Address] {
    /// One address or an array of them.
    fileprivate static let addresses = Self { key, value, diagnostics in
        var items = [value]
        if case .array(let values) = value.content { items = values }
        guard !items.isEmpty else {
            diagnostics.report(
                "`\(key)` names no address", at: value.range, help: "write for example \"tcp://127.0.0.1:7007\"")
            return nil
        }
        var addresses: [ListenerDraft.Address] = []
        for item in items {
            guard case .string(let text) = item.content else {
                diagnostics.reportType(
                    item, of: key, wanted: "an address in quotes", example: "\"tcp://127.0.0.1:7007\"")
                continue
            }
            if let endpoint = Self.endpoint(text, item, &diagnostics) {
                let span = diagnostics.file.span(item.range)
                addresses.append(ListenerDraft.Address(endpoint: endpoint, text: text, span: span))
            }
        }
        return addresses.count == items.count ? addresses : nil
    }

    private static func endpoint(
        _ text: String, _ value: TOMLValue, _ diagnostics: inout Diagnostics
    ) -> Endpoint? {
        let endpoint: Endpoint
        do throws(EndpointSyntaxError) {
            endpoint = try Endpoint(parsing: text)
        } catch {
            for mistake in error.mistakes {
                let range = diagnostics.file.range(of: mistake.range, in: text, at: value.range)
                diagnostics.report(mistake.message, at: range, help: mistake.help)
            }
            return nil
        }
        switch endpoint.scheme {
        case .tcp, .unix, .unixSeqpacket, .vsock, .systemd:
            return endpoint
        case .udp, .unixDatagram, .can, .rds:
            let scheme = endpoint.scheme.rawValue
            let range = diagnostics.file.range(of: 0..<scheme.utf8.count, in: text, at: value.range)
            diagnostics.report(
                "listening on `\(scheme)` is not supported by this version", at: range,
                help: "it listens on tcp, unix, unix-seqpacket, vsock and systemd")
            return nil
        }
    }
}
