// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import TOML

/// The problems found so far, and the file in which more are looked for.
struct Diagnostics {
    private(set) var problems: [ConfigurationProblem] = []

    /// The file that is being read.
    var file: SourceFile

    init(file: SourceFile) {
        self.file = file
    }

    /// Adds a problem at a place in the current file.
    mutating func report(
        _ message: String, at range: SourceRange, help: String? = nil,
        related: (span: SourceSpan, note: String)? = nil
    ) {
        add(ConfigurationProblem(message, at: file.span(range), help: help, related: related))
    }

    mutating func add(_ problem: ConfigurationProblem) {
        problems.append(problem)
    }

    /// Adds a problem for a value of the wrong type.
    mutating func reportType(_ value: TOMLValue, of key: String, wanted: String, example: String) {
        // What could not be read has its problem already.
        if case .invalid = value.content { return }
        report("`\(key)` must be \(wanted), not \(value.typeName)", at: value.range, help: "write \(key) = \(example)")
    }
}
