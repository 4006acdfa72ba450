// SPDX-License-Identifier: Apache-2.0

/// `[log]`: where records go and in what form.
public struct LogSettings: Hashable, Sendable {
    /// One place that records go to.
    public enum Destination: Hashable, Sendable {
        /// `journal`: the systemd journal, natively.
        case journal
        /// `stdout`.
        case standardOutput
        /// `stderr`.
        case standardError
        /// `file:/PATH`.
        case file(path: String)
    }

    /// How a record looks on standard error and in files.
    public enum Format: String, CaseIterable, Hashable, Sendable {
        /// A line for people.
        case text
        /// A JSON object on a line.
        case json
    }

    /// How grave an event must be to be recorded.
    public enum Level: String, CaseIterable, Hashable, Sendable {
        /// Everything, also what is of use only to who develops.
        case debug
        /// What happens in the normal course of things, such as a connection.
        case info
        /// What is normal but rare, such as a reload.
        case notice
        /// What may need a look.
        case warning
        /// What went wrong.
        case error
    }

    /// `to`; nil if not written: the journal under systemd, else standard error.
    public var destinations: [Destination]?

    /// `format`.
    public var format = Format.text

    /// `exact`: whether lines of text have bytes and durations to the digit.
    public var isExact = false

    /// `level`.
    public var level = Level.info

    /// Where `to` was written, if it was.
    public var origin: SettingOrigin?

    /// The settings of an empty table.
    public init() {}
}
