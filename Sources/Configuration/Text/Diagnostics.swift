// SPDX-License-Identifier: Apache-2.0

package import TOML

/// Collects the problems of a configuration; knows the file that is being read.
package struct Diagnostics {
    private(set) var problems: [ConfigurationProblem] = []

    /// Valid settings that may not do what their author expects; shown by `--check`. At most ``limit``.
    private(set) var notes: [ConfigurationProblem] = []

    /// The file that is being read.
    var file: SourceFile

    /// The services that a listener can have.
    let services: [ServiceSchema]

    /// How many problems of a file are reported.
    ///
    /// A file with more is probably the wrong file, and reporting all of them could take many times its size.
    static let limit = 100

    /// The ranges of each file that could not be parsed, by its number.
    private var unreadable: [Int: [SourceRange]] = [:]
    private var counts: [Int: Int] = [:]

    init(file: SourceFile, services: [ServiceSchema]) {
        self.file = file
        self.services = services
    }

    /// Whether the current file has reached ``limit``, so that further problems are not reported.
    var isFull: Bool { isFull(file) }

    private func isFull(_ file: SourceFile) -> Bool { counts[file.number, default: 0] > Self.limit }

    /// Sets the ranges of the current file that could not be parsed.
    ///
    /// A problem of a value around such a range is not reported: it would only be confusing.
    mutating func setUnreadable(_ ranges: [SourceRange]) {
        unreadable[file.number] = ranges
    }

    /// Adds a problem at a place in the current file.
    package mutating func report(_ message: String, at range: SourceRange, help: String?, choices: [String] = []) {
        report(message, at: file.span(range), help: help, choices: choices)
    }

    /// Adds a problem at a place in the current file.
    mutating func report(
        _ message: String, at range: SourceRange, help: String? = nil,
        related: (span: SourceSpan, note: String)? = nil, choices: [String] = []
    ) {
        report(message, at: file.span(range), help: help, related: related, choices: choices)
    }

    /// Adds a problem at a place in any file.
    mutating func report(
        _ message: String, at span: SourceSpan, help: String? = nil,
        related: (span: SourceSpan, note: String)? = nil, choices: [String] = []
    ) {
        // Checked first: finding the place in a very long line takes time.
        if isFull(span.file) { return }
        let range = span.range
        let isRead = unreadable[span.file.number, default: []].allSatisfy {
            $0.start < range.start || range.end < $0.end
        }
        if isRead { add(ConfigurationProblem(message, at: span, help: help, related: related, choices: choices)) }
    }

    /// Adds a note at a place in any file: `--check` shows it, and it has no other effect.
    mutating func note(
        _ message: String, at span: SourceSpan, help: String? = nil, related: (span: SourceSpan, note: String)? = nil
    ) {
        guard notes.count < Self.limit else { return }
        notes.append(ConfigurationProblem(message, at: span, help: help, related: related, severity: .note))
    }

    /// Adds a problem, up to ``limit`` for each file.
    mutating func add(_ problem: ConfigurationProblem) {
        let count = counts[problem.order.file, default: 0] + 1
        counts[problem.order.file] = count
        if count <= Self.limit {
            problems.append(problem)
        } else if count == Self.limit + 1 {
            problems.append(.more(than: Self.limit, in: problem))
        }
    }

    /// Adds a problem for a value of the wrong type.
    package mutating func reportType(_ value: TOMLValue, of key: String, wanted: String, example: String) {
        // A value that could not be parsed has its problem already.
        if case .invalid = value.content { return }
        report("`\(key)` must be \(wanted), not \(value.typeName)", at: value.range, help: "write \(key) = \(example)")
    }
}
