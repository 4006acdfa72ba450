// SPDX-License-Identifier: Apache-2.0

/// Which of a connection's two records are written: `log` of a listener. Other records are always written.
public struct LoggedEvents: OptionSet, Hashable, Sendable {
    /// One bit for each event.
    public let rawValue: UInt8

    /// Makes a set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `open`: a connection was accepted, or a flow began.
    public static let open = LoggedEvents(rawValue: 1)

    /// `close`: the connection or flow ended.
    public static let close = LoggedEvents(rawValue: 2)

    /// Both: the default.
    public static let all: LoggedEvents = [.open, .close]

    /// The names of the events in the file.
    package static let words: [(name: String, value: LoggedEvents)] = [("open", .open), ("close", .close)]

    /// The value as written in the file: `["open"]`, or `false`.
    package var text: String {
        guard !isEmpty else { return "false" }
        let names = Self.words.filter { contains($0.value) }.map { "\"\($0.name)\"" }
        return "[\(names.joined(separator: ", "))]"
    }
}
