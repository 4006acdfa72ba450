// SPDX-License-Identifier: Apache-2.0

import Addresses
import Policy
import TOML

extension SettingType where Value == [Located<ProxySource>] {
    /// One source of PROXY headers, or an array of them.
    static let proxySources = Self { key, value, diagnostics in
        var items = [value]
        if case .array(let values) = value.content { items = values }
        guard !items.isEmpty else {
            diagnostics.report("`\(key)` names no network", at: value.range, help: "leave it out to expect no header")
            return nil
        }
        var sources: [Located<ProxySource>] = []
        var places: [ProxySource: SourceSpan] = [:]
        for item in items {
            guard let source = source(item, key, &diagnostics) else { continue }
            let span = diagnostics.file.span(item.range)
            if let first = places[source] {
                diagnostics.report(
                    "the same network twice", at: item.range, help: "leave one of them out",
                    related: (first, "first written here"))
                continue
            }
            places[source] = span
            sources.append(Located(value: source, span: span))
        }
        return sources.count == items.count ? sources : nil
    }

    private static func source(
        _ value: TOMLValue, _ key: String, _ diagnostics: inout Diagnostics
    ) -> ProxySource? {
        guard case .string(let text) = value.content else {
            diagnostics.reportType(
                value, of: key, wanted: "a network in quotes, or an array of them", example: "[\"10.0.0.0/8\"]")
            return nil
        }
        if text == "unix" { return .unix }
        do throws(IPNetworkMistake) {
            return .network(try IPNetwork(parsing: text))
        } catch {
            let isUnix = NearestName.find(text, among: ["unix"]) != nil || text.hasPrefix("unix:")
            diagnostics.report(
                error.message, at: value.range,
                help: isUnix ? "write \"unix\" for all connections through a Unix socket" : error.help)
            return nil
        }
    }
}

extension ListenerDraft {
    /// Reports sources of PROXY headers from which this listener can get no connection.
    func checkProxySources(_ diagnostics: inout Diagnostics) {
        guard let acceptProxy, let addresses, !addresses.isEmpty else { return }
        if let messages = addresses.first(where: { $0.endpoint.scheme == .unixSeqpacket }),
            let first = acceptProxy.first
        {
            diagnostics.report(
                "a PROXY header needs a stream, and unix-seqpacket has messages", at: first.span,
                help: "remove the key, or give that address a listener of its own",
                related: (messages.span, "it listens here"))
            return
        }
        let schemes = Set(addresses.map(\.endpoint.scheme))
        // The kind of a socket that systemd passes is known only at the start.
        if schemes.contains(.systemd) { return }
        for source in acceptProxy {
            switch source.value {
            case .network(let network) where !schemes.contains(.tcp):
                diagnostics.report(
                    "no connection can come from `\(network)`: the listener `\(name)` has no tcp address",
                    at: source.span,
                    help: schemes.contains(.unix)
                        ? "write \"unix\" for all connections through its Unix socket" : "remove it")
            case .unix where !schemes.contains(.unix):
                diagnostics.report(
                    "no connection can come through a Unix socket: the listener `\(name)` has no unix address",
                    at: source.span,
                    help: "write the networks from which proxies connect, or remove the key")
            case .network, .unix:
                break
            }
        }
    }
}
