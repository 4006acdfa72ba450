// SPDX-License-Identifier: Apache-2.0

import Addresses
import ProxyProtocol
import Relaying
import TOML

/// The keys of a listener with `service = "forward"`, before they are checked against its addresses.
struct ForwardDraft: Sendable {
    /// nil if missing or invalid.
    var upstreams: [UpstreamDraft]?
    /// nil if missing or invalid.
    var source: Located<EndpointHost>?
    /// nil if missing or invalid.
    var balance: Located<BalanceMethod>?
    /// nil if missing or invalid; its value is nil for `false`.
    var sendProxy: Located<Header?>?
    /// nil if missing or invalid.
    var flow: Located<FlowSource>?
    /// nil if missing; its value is nil if it is invalid.
    var framing: Located<Framing?>?
    /// nil if missing or invalid; its value is nil for `false`.
    var ejection: Located<EjectionSettings?>?
    /// The keys that need no further check.
    var settings = ForwardSettings(upstreams: [])

    /// A PROXY header to be sent.
    struct Header: Sendable {
        var version: ProxyVersion
        /// Whether each datagram gets a header.
        var isForEach = false
    }

    /// The keys of the service.
    static let keys: [SettingKey<ForwardDraft>] = [
        SettingKey("to", \.upstreams, .upstreams),
        SettingKey("framing", \.framing, .framing),
        SettingKey("balance", \.balance, .located(.choice("balancing method"))),
        SettingKey("attempts", \.settings.attempts, .count(1...100, example: 3)),
        SettingKey("connect-timeout", \.settings.connectTimeout, .duration(waits, example: "5s")),
        SettingKey("queue-timeout", \.settings.queueTimeout, .duration(waits, example: "5s")),
        SettingKey("queue-limit", \.settings.queueLimit, .count(0...10_000_000, example: 1024)),
        SettingKey("resolve-interval", \.settings.resolveInterval, .duration(intervals, example: "30s")),
        SettingKey("source", \.source, .located(.sourceAddress)),
        SettingKey("send-proxy", \.sendProxy, .located(.orNone(.proxyHeader, example: "\"v2\""))),
        SettingKey("health", \.settings.health, .health),
        SettingKey("eject", \.ejection, .ejection),
        SettingKey("flow", \.flow, .located(.choice("choice"))),
        SettingKey("on-down", \.settings.onDown, .choice("choice")),
        SettingKey(
            "half-close-timeout", \.settings.halfCloseTimeout,
            .orNone(.duration(Duration.milliseconds(1) ... .seconds(366 * 86_400), example: "1m"), example: "\"1m\"")),
        SettingKey(
            "progress-interval", \.settings.progressInterval,
            .orNone(.duration(intervals, example: "10m"), example: "\"10m\"")),
    ]

    /// The range of the times that a client may have to wait.
    private static let waits = Duration.milliseconds(1) ... .seconds(3600)

    /// The range of the intervals of repeated actions.
    private static let intervals = Duration.seconds(1) ... .seconds(86_400)
}

extension SettingType where Value == Located<Framing?> {
    /// The name of a framing. An invalid one is kept as nil, so that no missing framing is reported as well.
    fileprivate static let framing = Self { key, value, diagnostics in
        let span = diagnostics.file.span(value.range)
        return Located(value: SettingType<Framing>.choice("framing").read(key, value, &diagnostics), span: span)
    }
}

extension SettingType where Value == ForwardDraft.Header {
    /// A version of the PROXY protocol.
    fileprivate static let proxyHeader = choice(
        "version",
        [
            ("v1", ForwardDraft.Header(version: .v1)), ("v2", ForwardDraft.Header(version: .v2)),
            ("v2-each", ForwardDraft.Header(version: .v2, isForEach: true)),
        ])
}
