// SPDX-License-Identifier: Apache-2.0

import Addresses
import Policy
import TOML

/// The settings that a table has for a listener's plan.
///
/// `[defaults]` has them for all listeners, each `[listener.NAME]` for itself, an upstream for its timers. They are applied in
/// this order, and later ones override earlier ones.
///
/// A new key is a property of ``ListenerPlan`` and an entry in ``keys``.
struct InheritableSettings: Sendable {
    private var changes: [@Sendable (inout ListenerPlan) -> Void] = []

    /// The place of each key that the table has.
    private var places: [String: SourceRange] = [:]

    /// The keys of `[defaults]`, which every `[listener.NAME]` may have too.
    static let keys: [SettingKey<Self>] =
        [
            key("idle-timeout", .orOff(.nanoseconds(timeouts, example: "10m"))) { plan, timeout in
                plan.idleTimeout = timeout
                plan.flowIdleTimeout = timeout
            },
            key("lifetime", .orOff(.nanoseconds(timeouts, example: "12h"))) { $0.lifetime = $1 },
            key("max-connections", .orOff(.count(1...10_000_000, example: 2000))) { $0.maxConnections = $1 },
            key("log", .loggedEvents) { $0.log = $1 },
        ] + timerKeys + [
            key("backlog", .count(1...Endpoint.highestBacklog, example: ListenerPlan().backlog)) { $0.backlog = $1 }
        ]

    /// The keys that an upstream may have too.
    static let timerKeys: [SettingKey<Self>] = [
        key("keepalive", .keepalive) { $0.timers.keepAlive = $1 },
        key("user-timeout", .userTimeout) { $0.timers.userTimeout = $1 },
    ]

    private static let timeouts = Duration.milliseconds(1) ... .seconds(366 * 86_400)

    private static func key<Value: Sendable>(
        _ name: String, _ type: SettingType<Value>, _ change: @escaping @Sendable (inout ListenerPlan, Value) -> Void
    ) -> SettingKey<Self> {
        SettingKey(name) { entry, settings, diagnostics in
            settings.places[name] = entry.keyRange
            guard let value = type.read(name, entry.value, &diagnostics) else { return }
            settings.changes.append { change(&$0, value) }
        }
    }

    /// Whether the table has one of the keys.
    func has(_ name: String) -> Bool { places[name] != nil }

    /// The place of a key; nil if the table does not have it.
    func place(of name: String) -> SourceRange? { places[name] }

    /// Whether the table has none of the keys.
    var isEmpty: Bool { places.isEmpty }

    /// The plan that results from applying these settings to the inherited `plan`.
    func applied(to plan: ListenerPlan) -> ListenerPlan {
        changes.reduce(into: plan) { plan, change in change(&plan) }
    }
}
