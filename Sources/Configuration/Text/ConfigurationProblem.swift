// SPDX-License-Identifier: Apache-2.0

public import TOML

/// A mistake in the configuration, or a note about it: what is wrong, where, and how to correct it.
public struct ConfigurationProblem: Error, Hashable, Sendable {
    /// How serious it is.
    public enum Severity: Hashable, Sendable {
        /// The configuration cannot be applied.
        case mistake
        /// The configuration is valid, but may not do what its author expects.
        case note
    }

    /// A place in a file, with its line.
    public struct Location: Hashable, Sendable {
        /// The path of the file as it was opened.
        public let file: String

        /// The line and column; nil for a file that could not be read.
        public let place: SourcePlace?

        /// The line; nil if there is none to show.
        public let excerpt: SourceExcerpt?
    }

    /// Another place that the problem concerns.
    public struct Related: Hashable, Sendable {
        /// Where it is.
        public let location: Location

        /// A phrase about that place: "first defined here".
        public let note: String
    }

    /// Whether it is a mistake or a note.
    public let severity: Severity

    /// The place of the problem.
    public let location: Location

    /// What is wrong: a sentence without a capital letter and a full stop.
    ///
    /// It may quote the file unescaped: escape it for where it is shown, as ``description`` does.
    public let message: String

    /// How to correct it, if that is known.
    public let help: String?

    /// Words to choose from, after ``help``; shown in lines of less than 80 columns.
    public let choices: [String]

    /// The other place, if any.
    public let related: Related?

    /// The sort key: the file in the order of reading, then the offset.
    private(set) var order: Order

    struct Order: Hashable, Comparable, Sendable {
        var file: Int
        var offset: Int

        static func < (left: Self, right: Self) -> Bool { (left.file, left.offset) < (right.file, right.offset) }
    }

    /// Makes a problem at a place in a file.
    init(
        _ message: String, at span: SourceSpan, help: String? = nil, related: (span: SourceSpan, note: String)? = nil,
        choices: [String] = [], severity: Severity = .mistake
    ) {
        self.severity = severity
        self.choices = choices
        self.message = TerminalText.clipped(message)
        self.help = help.map(TerminalText.clipped)
        self.location = Location(span)
        self.related = related.map { Related(location: Location($0.span), note: $0.note) }
        self.order = Order(file: span.file.number, offset: span.range.start)
    }

    /// Makes a problem of a file as a whole.
    package init(_ message: String, file: String, number: Int, help: String? = nil) {
        self.severity = .mistake
        self.choices = []
        self.message = message
        self.help = help
        self.location = Location(file: file, place: nil, excerpt: nil)
        self.related = nil
        self.order = Order(file: number, offset: 0)
    }

    /// The last problem that is shown of a file with too many.
    static func more(than count: Int, in other: ConfigurationProblem) -> ConfigurationProblem {
        var problem = ConfigurationProblem(
            "more than \(count) mistakes; the rest is not shown", file: other.location.file, number: other.order.file,
            help: "correct these first, or check that it is the right file")
        problem.order.offset = .max
        return problem
    }
}

extension ConfigurationProblem.Location {
    init(_ span: SourceSpan) {
        file = span.file.path
        let place = span.file.place(of: span.range.start)
        self.place = place
        let range = span.range.start..<max(span.range.start, span.range.end)
        excerpt =
            span.file.bytes.isEmpty
            ? nil : SourceExcerpt(bytes: span.file.bytes, range: range, line: place.line)
    }

    /// `FILE:LINE:COLUMN`, or `FILE`.
    var text: String {
        let file = TerminalText.safe(file)
        return place.map { "\(file):\($0.line):\($0.column)" } ?? file
    }
}

extension ConfigurationProblem: CustomStringConvertible {
    /// The whole report for people, in several lines without a newline at the end:
    ///
    /// ```
    /// /etc/usherd/usherd.toml:12:16: `idle-timeout` must be a duration in quotes, not an integer
    ///    12 | idle-timeout = 90
    ///       |                ^^
    /// help: a number needs its unit: write idle-timeout = "90s"
    /// ```
    ///
    /// A note has `note: ` before its message.
    public var description: String {
        var lines = [summary]
        lines += Self.lines(of: location.excerpt)
        if let related {
            lines.append("\(related.location.text): note: \(TerminalText.safe(related.note))")
            lines += Self.lines(of: related.location.excerpt)
        }
        if let help { lines += Self.lines(of: help, choices) }
        return lines.joined(separator: "\n")
    }

    /// The first line of ``description``: the place and what is wrong. Used in records and status lines.
    public var summary: String {
        "\(location.text): \(severity == .note ? "note: " : "")\(TerminalText.safe(message))"
    }

    /// A report of mistakes for people: their number, then each after an empty line.
    public static func report(_ problems: [ConfigurationProblem]) -> String {
        let count = problems.count == 1 ? "1 mistake" : "\(problems.count) mistakes"
        return (["the configuration has \(count)"] + problems.map(\.description)).joined(separator: "\n\n")
    }

    /// A report of notes for people: their number, then each after an empty line.
    public static func report(notes: [ConfigurationProblem]) -> String {
        let count = notes.count == 1 ? "1 note" : "\(notes.count) notes"
        return ([count] + notes.map(\.description)).joined(separator: "\n\n")
    }

    /// The help with its choices; continuation lines are indented.
    private static func lines(of help: String, _ choices: [String]) -> [String] {
        let widest = 79
        var lines = ["help: \(TerminalText.safe(help))"]
        for (index, choice) in choices.enumerated() {
            let word = " `\(TerminalText.safe(choice))`" + (index + 1 < choices.count ? "," : "")
            if TerminalText.width(of: lines[lines.count - 1]) + TerminalText.width(of: word) > widest {
                lines.append("     ")
            }
            lines[lines.count - 1] += word
        }
        return lines
    }

    private static func lines(of excerpt: SourceExcerpt?) -> [String] {
        guard let excerpt else { return [] }
        let number = String(excerpt.line)
        let margin = String(repeating: " ", count: max(5 - number.count, 1))
        let blank = String(repeating: " ", count: margin.count + number.count)
        return ["\(margin)\(number) | \(excerpt.text)", "\(blank) | \(excerpt.marks)"]
    }
}
