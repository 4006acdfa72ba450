// SPDX-License-Identifier: Apache-2.0

/// How important a record is, least first. The names are those of the configuration's `level`.
public enum RecordLevel: UInt8, Comparable, CaseIterable, Sendable {
    /// Only needed to find a fault.
    case debug

    /// Ordinary events: a connection opens and closes.
    case info

    /// Rare and expected events: the daemon starts, reloads, stops.
    case notice

    /// Unexpected conditions that do no harm yet.
    case warning

    /// Failures.
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

    /// The lower level is the less important one.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
