// SPDX-License-Identifier: Apache-2.0

/// A value that a reload would change.
package struct SettingChange: Codable, Hashable, Sendable {
    /// The address of the upstream that has the value; nil for any other.
    package var upstream: String?
    /// The value in force; nil if the next configuration adds it.
    package var old: Setting?
    /// The value of the next configuration; nil if it does not have it.
    package var new: Setting?

    package init(upstream: String? = nil, old: Setting?, new: Setting?) {
        self.upstream = upstream
        self.old = old
        self.new = new
    }
}

/// What a reload would do with a listener.
package struct ListenerChange: Codable, Hashable, Sendable {
    /// The change.
    package enum Kind: String, Codable, Sendable {
        /// It is new.
        case added
        /// The next configuration does not have it.
        case removed
        /// It listens on other addresses.
        case rebound
        /// The sockets stay, and new connections get other settings.
        case changed
        /// Nothing.
        case unchanged
    }

    package var name: String
    package var change: Kind
    /// How many are open. Those of a removed listener are drained, all others keep the settings that they have.
    package var connections: Int
    /// How long the connections of a removed listener may stay open.
    package var drainMicroseconds: UInt64?
    /// The addresses on which sockets are opened and closed.
    package var opens: [String] = []
    package var closes: [String] = []
    /// What it lacks on this host, in words.
    package var waitsFor: [String] = []
    package var settings: [SettingChange] = []

    package init(name: String, change: Kind, connections: Int) {
        self.name = name
        self.change = change
        self.connections = connections
    }

    private enum CodingKeys: String, CodingKey {
        case name, change, connections, opens, closes, settings
        case drainMicroseconds = "drain_us"
        case waitsFor = "waits_for"
    }
}

extension ControlResults {
    /// Of `PlanReload`.
    package struct PlanReload: Codable, Hashable, Sendable {
        /// The values of the daemon and the log that would change.
        package var settings: [SettingChange]
        package var listeners: [ListenerChange]

        package init(settings: [SettingChange], listeners: [ListenerChange]) {
            self.settings = settings
            self.listeners = listeners
        }
    }
}
