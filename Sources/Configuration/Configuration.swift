// SPDX-License-Identifier: Apache-2.0

/// What the daemon is told to do: complete, checked, and never changed. A reload makes another one.
public struct Configuration: Hashable, Sendable {
    /// `[daemon]`.
    public var daemon: DaemonSettings

    /// `[log]`.
    public var log: LogSettings

    /// `[listener.NAME]`, at least one, in the order of the files.
    public var listeners: [ListenerSettings]

    /// What `--check` says of it besides: it is valid, but may not do what its author expects. In the order of places.
    public var notes: [ConfigurationProblem] = []

    /// Makes a configuration without notes.
    public init(daemon: DaemonSettings = .init(), log: LogSettings = .init(), listeners: [ListenerSettings]) {
        self.daemon = daemon
        self.log = log
        self.listeners = listeners
    }

    /// Where the configuration is if nobody says otherwise.
    public static let defaultPath = "/etc/usherd/usherd.toml"
}
