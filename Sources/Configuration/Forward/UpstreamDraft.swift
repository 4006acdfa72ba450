// SPDX-License-Identifier: Apache-2.0

import Addresses
import Policy
import TOML

/// One upstream of `to`.
struct UpstreamDraft: Sendable {
    let address: WrittenAddress
    let weight: Located<Int>?
    let maxConnections: Int?
    let isBackup: Bool
    /// Its own timers.
    let timers: InheritableSettings

    /// Reports its own timers where they have no effect, and notes where one overrides the other.
    func checkTimers(under plan: ListenerPlan, _ diagnostics: inout Diagnostics) {
        guard !timers.isEmpty else { return }
        guard address.endpoint.scheme == .tcp else {
            return diagnostics.report(
                "`keepalive` and `user-timeout` are for TCP, and this upstream is not tcp", at: address.span,
                help: "remove the keys")
        }
        diagnostics.noteTimers(timers.applied(to: plan).timers, of: "the upstream", at: address.span)
    }

    /// The settings of the upstream, with the timers that it inherits from the listener's plan.
    func settings(under plan: ListenerPlan) -> UpstreamSettings {
        let timers = address.endpoint.scheme == .tcp ? timers.applied(to: plan).timers : PeerTimers()
        return UpstreamSettings(
            endpoint: address.endpoint, weight: weight?.value ?? 1, maxConnections: maxConnections, isBackup: isBackup,
            timers: timers, origin: address.span.origin)
    }

    /// An upstream as an inline table, or as `[[listener.NAME.to]]`.
    fileprivate struct Table {
        var address: WrittenAddress?
        var weight: Located<Int>?
        var maxConnections: Int?
        var isBackup = false
        var timers = InheritableSettings()
    }

    /// The keys of an upstream table.
    static let keys = tableKeys.map(\.name)

    fileprivate static let tableKeys: [SettingKey<Table>] =
        [
            SettingKey("address", \.address, .upstreamAddress),
            SettingKey("weight", \.weight, .located(.count(0...256, example: 3))),
            SettingKey("max-connections", \.maxConnections, .count(1...10_000_000, example: 100)),
            SettingKey("backup", \.isBackup, .boolean),
        ] + InheritableSettings.timerKeys.map { $0.inside(\.timers) }
}

extension SettingType where Value == [UpstreamDraft] {
    /// One upstream or an array of them; each is an address or a table.
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
                    related: (first, "first written here"))
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
                isBackup: upstream.isBackup, timers: upstream.timers)
        }
    }
}
