// SPDX-License-Identifier: Apache-2.0

import TOML

/// What holds for whatever bytes are read, in sentences; empty if all of it does. Fuzzing checks the same.
func invariantFailures(of bytes: [UInt8], limits: TOMLLimits = .default) -> [String] {
    let document = TOMLDocument.parse(bytes, limits: limits)
    var check = DocumentInvariants(bytes: bytes, document: document)
    check.problems(of: document, limits: limits)
    check.table(document.root, depth: 0, limits: limits)
    check.repetition(of: document, limits: limits)
    if document.problems.isEmpty { check.roundTrip(limits: limits) }
    return check.failures
}

/// Collects what is wrong with a document that was read from `bytes`.
private struct DocumentInvariants {
    let bytes: [UInt8]
    var failures: [String] = []
    /// The document as it would be written down.
    private let text: String
    private var holdsInvalid = false

    init(bytes: [UInt8], document: TOMLDocument) {
        self.bytes = bytes
        text = written(document.root)
    }

    mutating func problems(of document: TOMLDocument, limits: TOMLLimits) {
        let text = SourceText(bytes: bytes)
        for problem in document.problems {
            range(problem.range, of: problem.message)
            if let related = problem.related { range(related.range, of: related.note) }
            if problem.message.isEmpty || (problem.help ?? "").isEmpty { failures.append("a problem without words") }
            if problem.message.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
                failures.append("a message with a control character")
            }
            let place = text.place(of: problem.range.start)
            if place.line < 1 || place.column < 1 { failures.append("\(problem.message): at \(place)") }
            if text.line(containing: problem.range.start).count > bytes.count { failures.append("a line too long") }
        }
        // The one that says that there are more stands last, wherever it was found.
        let starts = document.problems.prefix(limits.problems).map(\.range.start)
        if starts != starts.sorted() { failures.append("problems are out of order") }
        if document.problems.isEmpty, String(validating: bytes, as: UTF8.self) == nil {
            failures.append("invalid UTF-8 was accepted")
        }
    }

    mutating func table(_ table: TOMLTable, depth: Int, limits: TOMLLimits) {
        range(table.range, of: "a table")
        // Each `[[name]]` is an array and a table, for one part of a key.
        if depth > 2 * limits.depth { failures.append("nested too deeply") }
        for entry in table.entries {
            range(entry.keyRange, of: entry.key)
            value(entry.value, depth: depth + 1, limits: limits)
            if table[entry.key]?.keyRange != entry.keyRange { failures.append("\(entry.key): not found by its key") }
        }
    }

    private mutating func value(_ value: TOMLValue, depth: Int, limits: TOMLLimits) {
        range(value.range, of: value.typeName)
        switch value.content {
        case .table(let inner): table(inner, depth: depth, limits: limits)
        case .array(let elements):
            for element in elements { self.value(element, depth: depth + 1, limits: limits) }
        case .invalid: holdsInvalid = true
        default: break
        }
    }

    mutating func repetition(of document: TOMLDocument, limits: TOMLLimits) {
        let again = TOMLDocument.parse(bytes, limits: limits)
        if again.problems != document.problems { failures.append("read again, it has other problems") }
        if written(again.root) != text { failures.append("read again, it has another content") }
    }

    mutating func roundTrip(limits: TOMLLimits) {
        if holdsInvalid { failures.append("something is invalid without a problem") }
        // An array of tables takes a level more when it is written in brackets.
        let again = TOMLDocument.parse(
            Array(text.utf8), limits: TOMLLimits(size: .max, depth: 2 * limits.depth, problems: limits.problems))
        if let problem = again.problems.first { failures.append("written down, it has a problem: \(problem.message)") }
        if written(again.root) != text { failures.append("written down, it is another document") }
    }

    private mutating func range(_ range: SourceRange, of thing: String) {
        if range.start < 0 || range.end < range.start || range.end > bytes.count {
            failures.append("\(thing): the range \(range) is not in \(bytes.count) bytes")
        }
    }
}

// MARK: Writing

/// `table` as a document with one line for each key.
private func written(_ table: TOMLTable) -> String {
    table.entries.map { "\(written($0.key)) = \(written($0.value))\n" }.joined()
}

private func written(_ value: TOMLValue) -> String {
    switch value.content {
    case .string(let string): written(string)
    case .integer(let integer): String(integer)
    case .float(let float): float.isNaN ? "nan" : float.isInfinite ? (float < 0 ? "-inf" : "inf") : String(float)
    case .boolean(let boolean): String(boolean)
    case .offsetDateTime(let instant): instant.description
    case .localDateTime(let local): local.description
    case .localDate(let date): date.description
    case .localTime(let time): time.description
    case .array(let elements): "[" + elements.map(written).joined(separator: ", ") + "]"
    case .table(let table):
        "{" + table.entries.map { "\(written($0.key)) = \(written($0.value))" }.joined(separator: ", ") + "}"
    case .invalid: "?"
    }
}

private func written(_ string: String) -> String {
    string.unicodeScalars.reduce(into: "\"") { result, scalar in
        switch scalar {
        case "\"", "\\": result += "\\\(scalar)"
        case _ where scalar.properties.generalCategory == .control:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    } + "\""
}
