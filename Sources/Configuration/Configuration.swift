// SPDX-License-Identifier: Apache-2.0

/// The complete and validated configuration of the daemon. Immutable: a reload makes another one.
public struct Configuration: Hashable, Sendable {
    /// `[daemon]`.
    public var daemon: DaemonSettings

    /// `[log]`.
    public var log: LogSettings

    /// `[listener.NAME]`, at least one, in the order of the files.
    public var listeners: [ListenerSettings]

    /// The places of the keys of `[defaults]`, whose values the listeners have.
    public var defaultsPlaces = SettingPlaces()

    /// The notes of `--check`: settings that are valid, but may not do what their author expects. Sorted by place.
    public var notes: [ConfigurationProblem] = []

    /// Makes a configuration without notes.
    public init(daemon: DaemonSettings = .init(), log: LogSettings = .init(), listeners: [ListenerSettings]) {
        self.daemon = daemon
        self.log = log
        self.listeners = listeners
    }

    /// The path of the main file unless the command line has another one.
    public static let defaultPath = "/etc/usherd/usherd.toml"
}
