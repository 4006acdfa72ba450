// SPDX-License-Identifier: Apache-2.0

/// Where the log goes, in which format, and from which level on.
public struct RecordSettings: Hashable, Sendable {
    /// The destinations; each gets every record. Without any, nothing is logged.
    public var destinations: [RecordDestination]

    /// The format of lines on standard output, standard error and in files.
    public var format: RecordFormat

    /// The lowest level that is written.
    public var level: RecordLevel

    /// Whether text lines have exact bytes and microseconds, as the other formats do.
    public var isExact: Bool

    /// Makes settings.
    public init(
        destinations: [RecordDestination], format: RecordFormat = .text, level: RecordLevel = .info,
        isExact: Bool = false
    ) {
        self.destinations = destinations
        self.format = format
        self.level = level
        self.isExact = isExact
    }
}

/// A destination of the log.
public enum RecordDestination: Hashable, Sendable {
    /// The systemd journal, by its native protocol.
    case journal

    /// Standard output.
    case standardOutput

    /// Standard error.
    case standardError

    /// A file, opened for appending.
    case file(path: String)

    /// Clients that have asked for records: ``RecordWriter/subscribe(_:form:wake:)``. No setting names it.
    case subscribers
}

/// The format of a line.
public enum RecordFormat: Hashable, Sendable {
    /// Text for people.
    case text

    /// JSON for programs: one object per line.
    case json
}
