// SPDX-License-Identifier: Apache-2.0

/// How much a record matters, least first. The names are those of the configuration's `level`.
public enum RecordLevel: UInt8, Comparable, CaseIterable, Sendable {
    /// What only the search for a fault needs.
    case debug

    /// What happens in the course of things: a connection opens and closes.
    case info

    /// What happens seldom and is as it should be: the daemon starts, reloads, stops.
    case notice

    /// What should not be, and does no harm yet.
    case warning

    /// What failed.
    case error

    /// The name in the configuration and in the field `level`.
    public var name: StaticString {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .notice: "notice"
        case .warning: "warning"
        case .error: "error"
        }
    }

    /// The level in the terms of syslog(3), for the journal's `PRIORITY`: 7 for debug, 3 for error.
    public var priority: UInt8 { 7 - rawValue }

    /// The lower level is the one that matters less.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
