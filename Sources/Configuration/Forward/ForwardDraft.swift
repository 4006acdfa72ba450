// SPDX-License-Identifier: Apache-2.0

import Addresses
import ProxyProtocol
import Relaying
import TOML

/// What a listener with `service = "forward"` says of it, before it is seen together with its addresses.
struct ForwardDraft: Sendable {
    /// nil if it is missing or wrong.
    var upstreams: [UpstreamDraft]?
    /// nil if it is missing or wrong.
    var source: Located<EndpointHost>?
    /// nil if it is missing or wrong.
    var balance: Located<BalanceMethod>?
    /// nil if it is missing or wrong; of nil if it is `false`.
    var sendProxy: Located<Header?>?
    /// nil if it is missing or wrong.
    var flow: Located<FlowSource>?
    /// nil if it is missing; of nil if it is wrong.
    var framing: Located<Framing?>?
    /// nil if it is missing or wrong; of nil if it is `false`.
    var ejection: Located<EjectionSettings?>?
    /// What needs no second look.
    var settings = ForwardSettings(upstreams: [])

    /// A PROXY header to be sent.
    struct Header: Sendable {
        var version: ProxyVersion
        /// Whether it goes before each datagram.
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

    /// How long a client may be kept waiting.
    private static let waits = Duration.milliseconds(1) ... .seconds(3600)

    /// How often something may be done again.
    private static let intervals = Duration.seconds(1) ... .seconds(86_400)
}

extension SettingType where Value == Located<Framing?> {
    /// The name of a framing. That a wrong one is there is remembered, so that none is asked for besides.
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
