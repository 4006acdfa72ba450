// SPDX-License-Identifier: Apache-2.0

import TOML

/// The problems of `text`, each as `LINE:COLUMN: message`.
func problems(in text: String, limits: TOMLLimits = .default) -> [String] {
    let bytes = Array(text.utf8)
    let source = SourceText(bytes: bytes)
    return TOMLDocument.parse(bytes, limits: limits).problems.map { problem in
        let place = source.place(of: problem.range.start)
        return "\(place.line):\(place.column): \(problem.message)"
    }
}

/// The root of `text`.
func root(of text: String) -> TOMLTable {
    TOMLDocument.parse(Array(text.utf8)).root
}

extension TOMLTable {
    /// The value under a path of keys.
    func value(at path: String...) -> TOMLValue? {
        var value: TOMLValue? = TOMLValue(content: .table(self), range: range)
        for key in path {
            guard case .table(let table) = value?.content else { return nil }
            value = table[key]?.value
        }
        return value
    }
}

extension TOMLValue {
    /// The text, if it is a string.
    var string: String? {
        if case .string(let string) = content { string } else { nil }
    }

    /// The number, if it is an integer.
    var integer: Int64? {
        if case .integer(let integer) = content { integer } else { nil }
    }

    /// The elements, if it is an array.
    var elements: [TOMLValue]? {
        if case .array(let elements) = content { elements } else { nil }
    }

    /// Whether it could not be read.
    var isInvalid: Bool {
        if case .invalid = content { true } else { false }
    }
}
