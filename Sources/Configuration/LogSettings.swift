// SPDX-License-Identifier: Apache-2.0

/// `[log]`: where records go and in which format.
public struct LogSettings: Hashable, Sendable {
    /// A destination of records.
    public enum Destination: Hashable, Sendable {
        /// `journal`: the systemd journal, by its native protocol.
        case journal
        /// `stdout`.
        case standardOutput
        /// `stderr`.
        case standardError
        /// `file:/PATH`.
        case file(path: String)
    }

    /// The format of records on standard error, on standard output and in files.
    public enum Format: String, CaseIterable, Hashable, Sendable {
        /// One line of text for people.
        case text
        /// One JSON object per line.
        case json
    }

    /// The lowest level that is written.
    public enum Level: String, CaseIterable, Hashable, Sendable {
        /// Everything, including what only developers need.
        case debug
        /// Ordinary events, such as a connection.
        case info
        /// Rare and expected events, such as a reload.
        case notice
        /// Conditions that the operator may have to check.
        case warning
        /// Failures.
        case error
    }

    /// `to`; nil if not written: then the journal under systemd, else standard error.
    public var destinations: [Destination]?

    /// `format`.
    public var format = Format.text

    /// `exact`: whether text lines have exact bytes and durations.
    public var isExact = false

    /// `level`.
    public var level = Level.info

    /// Where `to` was written, if it was.
    public var origin: SettingOrigin?

    /// The places of its keys.
    public var places = SettingPlaces()

    /// The settings of an empty table.
    public init() {}
}
