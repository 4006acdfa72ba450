// SPDX-License-Identifier: Apache-2.0

import Foundation
import TOML

/// The corpus's way to write down what a document holds: tables and arrays as they are in JSON, and any other value as an
/// object with its `type` and `value`.
enum TypedJSON {
    /// Where `table` differs from `expected`, in words; empty if nowhere.
    static func differences(of table: TOMLTable, from expected: Any, at path: String = "") -> [String] {
        guard let expected = expected as? [String: Any] else { return ["\(path): a table, expected \(expected)"] }
        let missing = expected.keys.filter { table[$0] == nil }.map { "\(path).\($0): missing" }
        return missing
            + table.entries.flatMap { entry in
                let path = "\(path).\(entry.key)"
                guard let expected = expected[entry.key] else { return ["\(path): not expected"] }
                return differences(of: entry.value, from: expected, at: path)
            }
    }

    private static func differences(of value: TOMLValue, from expected: Any, at path: String) -> [String] {
        switch value.content {
        case .table(let table):
            return differences(of: table, from: expected, at: path)
        case .array(let elements):
            guard let expected = expected as? [Any], elements.count == expected.count else {
                return ["\(path): an array of \(elements.count), expected \(expected)"]
            }
            return zip(elements, expected).enumerated().flatMap {
                differences(of: $1.0, from: $1.1, at: "\(path)[\($0)]")
            }
        default:
            guard let expected = expected as? [String: String], let type = expected["type"],
                let text = expected["value"],
                expected.count == 2, isEqual(value.content, type: type, text: text)
            else { return ["\(path): \(value.content), expected \(expected)"] }
            return []
        }
    }

    private static func isEqual(_ content: TOMLValue.Content, type: String, text: String) -> Bool {
        switch (content, type) {
        case (.string(let string), "string"): Array(string.utf8) == Array(text.utf8)
        case (.integer(let integer), "integer"): Int64(text) == integer
        case (.float(let float), "float"): Double(text).map { $0 == float || ($0.isNaN && float.isNaN) } ?? false
        case (.boolean(let boolean), "bool"): Bool(text) == boolean
        case (.offsetDateTime(let instant), "datetime"): isEqual(instant.description, text)
        case (.localDateTime(let local), "datetime-local"): isEqual(local.description, text)
        case (.localDate(let date), "date-local"): date.description == text
        case (.localTime(let time), "time-local"): isEqual(time.description, text)
        default: false
        }
    }

    /// Whether two times are the same but for zeros at the end of a fraction.
    private static func isEqual(_ time: String, _ expected: String) -> Bool {
        time == expected.replacing(/(\.[0-9]*?)0+($|[^0-9])/) { "\($0.1 == "." ? "" : $0.1)\($0.2)" }
    }
}
