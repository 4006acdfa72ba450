// SPDX-License-Identifier: Apache-2.0

/// Where the log goes, in which form, and from which level on.
public struct RecordSettings: Hashable, Sendable {
    /// The sinks; each takes every record. None at all is allowed and logs nothing.
    public var destinations: [RecordDestination]

    /// The form of lines on standard output, standard error and in files.
    public var format: RecordFormat

    /// The least level that is written.
    public var level: RecordLevel

    /// Whether lines of text have bytes and microseconds to the digit, as the other forms do.
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

/// Where records may go.
public enum RecordDestination: Hashable, Sendable {
    /// The systemd journal, natively.
    case journal

    /// Standard output.
    case standardOutput

    /// Standard error.
    case standardError

    /// A file, appended to.
    case file(path: String)
}

/// The form of a line.
public enum RecordFormat: Hashable, Sendable {
    /// For people.
    case text

    /// For programs: one JSON object a line.
    case json
}
