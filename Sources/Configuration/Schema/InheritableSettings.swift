// SPDX-License-Identifier: Apache-2.0

import Addresses
import TOML

/// What `[defaults]` may say for all listeners and each listener for itself.
struct InheritableSettings: Sendable {
    var idleTimeout = Override<Duration>.inherit
    var lifetime = Override<Duration>.inherit
    var maxConnections = Override<Int>.inherit
    var keepalive = Override<ListeningOptions.KeepAlive>.inherit
    var log = Override<LoggedEvents>.inherit
    var userTimeout = Override<Duration>.inherit
    var backlog: Int?

    /// The backlog if nobody says anything.
    static let backlogByDefault = 4096

    /// The keys of `[defaults]`, which each `[listener.NAME]` has too.
    static let keys: [SettingKey<Self>] = [
        SettingKey("idle-timeout", \.idleTimeout, .orOff(.duration(timeouts, example: "10m"))),
        SettingKey("lifetime", \.lifetime, .orOff(.duration(timeouts, example: "12h"))),
        SettingKey("max-connections", \.maxConnections, .orOff(.count(1...10_000_000, example: 2000))),
        SettingKey("keepalive", \.keepalive, .keepalive),
        SettingKey("log", \.log, .loggedEvents),
        SettingKey("user-timeout", \.userTimeout, .userTimeout),
        SettingKey("backlog", \.backlog, .count(1...Endpoint.highestBacklog, example: backlogByDefault)),
    ]

    private static let timeouts = Duration.milliseconds(1) ... .seconds(366 * 86_400)
}
