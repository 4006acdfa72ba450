// SPDX-License-Identifier: Apache-2.0

import Addresses
import TOML

/// One upstream as `to` has it.
struct UpstreamDraft: Sendable {
    let address: WrittenAddress
    let weight: Located<Int>?
    let maxConnections: Int?
    let isBackup: Bool
    let keepalive: Override<ListeningOptions.KeepAlive>
    let userTimeout: Override<Duration>

    /// Whether it has timers of its own.
    private var hasTimers: Bool {
        if case (.inherit, .inherit) = (keepalive, userTimeout) { false } else { true }
    }

    /// Reports timers of its own that do nothing, and notes those of which one overrules the other.
    func checkTimers(
        under keepalive: ListeningOptions.KeepAlive?, _ userTimeout: Duration?, _ diagnostics: inout Diagnostics
    ) {
        guard hasTimers else { return }
        guard address.endpoint.scheme == .tcp else {
            return diagnostics.report(
                "`keepalive` and `user-timeout` are for TCP, and this upstream is not tcp", at: address.span,
                help: "remove the keys")
        }
        diagnostics.noteTimers(
            self.keepalive.resolved(over: .from(keepalive)), self.userTimeout.resolved(over: .from(userTimeout)),
            of: "the upstream", at: address.span)
    }

    /// What it comes to, where the listener has these timers.
    func settings(
        under keepalive: ListeningOptions.KeepAlive?, _ userTimeout: Duration?
    ) -> UpstreamSettings {
        let isTCP = address.endpoint.scheme == .tcp
        let timers = PeerTimers(
            keepAlive: isTCP ? self.keepalive.resolved(over: .from(keepalive)) : nil,
            userTimeout: isTCP ? self.userTimeout.resolved(over: .from(userTimeout))?.wholeMilliseconds : nil)
        return UpstreamSettings(
            endpoint: address.endpoint, weight: weight?.value ?? 1, maxConnections: maxConnections, isBackup: isBackup,
            timers: timers, origin: address.span.origin)
    }

    /// An upstream in braces, or under `[[listener.NAME.to]]`.
    fileprivate struct Table {
        var address: WrittenAddress?
        var weight: Located<Int>?
        var maxConnections: Int?
        var isBackup = false
        var keepalive = Override<ListeningOptions.KeepAlive>.inherit
        var userTimeout = Override<Duration>.inherit
    }

    /// The keys of an upstream in braces.
    static let keys = tableKeys.map(\.name)

    fileprivate static let tableKeys: [SettingKey<Table>] = [
        SettingKey("address", \.address, .upstreamAddress),
        SettingKey("weight", \.weight, .located(.count(0...256, example: 3))),
        SettingKey("max-connections", \.maxConnections, .count(1...10_000_000, example: 100)),
        SettingKey("backup", \.isBackup, .boolean),
        SettingKey("keepalive", \.keepalive, .keepalive),
        SettingKey("user-timeout", \.userTimeout, .userTimeout),
    ]
}

extension SettingType where Value == [UpstreamDraft] {
    /// One upstream or an array of them; each an address, or a table with more about it.
    static let upstreams = Self { key, value, diagnostics in
        var items = [value]
        if case .array(let values) = value.content { items = values }
        guard !items.isEmpty else {
            diagnostics.report(
                "`\(key)` names no upstream", at: value.range, help: "write for example \"\(example)\"")
            return nil
        }
        var upstreams: [UpstreamDraft] = []
        var places: [Endpoint: SourceSpan] = [:]
        for item in items {
            guard let upstream = upstream(item, key, &diagnostics) else { continue }
            let endpoint = upstream.address.endpoint.normalized
            if let first = places[endpoint] {
                diagnostics.report(
                    "\(upstream.address.endpoint) is an upstream already", at: upstream.address.span,
                    help: "leave one of them out; `weight` makes the share of an upstream larger",
                    related: (first, "it stands here too"))
                continue
            }
            places[endpoint] = upstream.address.span
            upstreams.append(upstream)
        }
        return upstreams.count == items.count ? upstreams : nil
    }

    private static let example = "tcp://10.0.0.5:443"

    private static func upstream(
        _ value: TOMLValue, _ key: String, _ diagnostics: inout Diagnostics
    ) -> UpstreamDraft? {
        var upstream = UpstreamDraft.Table()
        switch value.content {
        case .string:
            upstream.address = SettingType<WrittenAddress>.upstreamAddress.read(key, value, &diagnostics)
        case .table(let table):
            diagnostics.read(table, UpstreamDraft.tableKeys, into: &upstream, section: .upstream)
            if table["address"] == nil {
                diagnostics.report(
                    "the upstream has no `address`", at: value.range, help: "add for example address = \"\(example)\"")
            }
        default:
            diagnostics.reportType(
                value, of: key, wanted: "an address in quotes, a table, or an array of those",
                example: "[\"\(example)\", { address = \"tcp://10.0.0.6:443\", weight = 3 }]")
        }
        return upstream.address.map {
            UpstreamDraft(
                address: $0, weight: upstream.weight, maxConnections: upstream.maxConnections,
                isBackup: upstream.isBackup, keepalive: upstream.keepalive, userTimeout: upstream.userTimeout)
        }
    }
}
