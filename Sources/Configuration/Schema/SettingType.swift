// SPDX-License-Identifier: Apache-2.0

package import TOML

/// A type of value: how it is written and what it becomes.
package struct SettingType<Value>: Sendable {
    /// Converts the value of the key with this name; nil after reporting what is wrong.
    package let read: @Sendable (_ key: String, _ value: TOMLValue, _ diagnostics: inout Diagnostics) -> Value?

    /// Makes a type with its own function.
    package init(
        read: @escaping @Sendable (_ key: String, _ value: TOMLValue, _ diagnostics: inout Diagnostics) -> Value?
    ) {
        self.read = read
    }
}

extension SettingType where Value == Int {
    /// A whole number in a range.
    package static func count(_ range: ClosedRange<Int>, example: Int) -> Self {
        Self { key, value, diagnostics in
            guard case .integer(let number) = value.content else {
                // A number in quotes, or with a fraction of zero, shows what was meant.
                let meant =
                    switch value.content {
                    case .string(let text): Int(text)
                    case .float(let number): Int(exactly: number)
                    default: nil as Int?
                    }
                let shown = meant.flatMap { range.contains($0) ? $0 : nil } ?? example
                diagnostics.reportType(value, of: key, wanted: "a whole number", example: String(shown))
                return nil
            }
            guard let count = Int(exactly: number), range.contains(count) else {
                diagnostics.report(
                    "`\(key)` is out of range: \(number)", at: value.range,
                    help: "write a number from \(range.lowerBound) to \(range.upperBound)")
                return nil
            }
            return count
        }
    }
}

extension SettingType where Value == Duration {
    /// A duration in a range.
    package static func duration(_ range: ClosedRange<Duration>, example: String) -> Self {
        Self { key, value, diagnostics in
            guard case .string(let text) = value.content else {
                if case .integer(let number) = value.content, number > 0 {
                    // Integers in HAProxy are milliseconds, usually multiples of 1000; in other programs they are seconds.
                    let milliseconds = number % 1000 == 0 ? "\(number / 1000)s\" for \(number) ms, \"" : ""
                    let meant = "\(milliseconds)\(number)s\" for seconds"
                    diagnostics.report(
                        "`\(key)` must be a duration in quotes, not an integer", at: value.range,
                        help: "a number needs its unit: write \(key) = \"\(meant)")
                } else {
                    diagnostics.reportType(value, of: key, wanted: "a duration in quotes", example: "\"\(example)\"")
                }
                return nil
            }
            do throws(DurationText.Mistake) {
                let duration = try DurationText.parse(text)
                if range.contains(duration) { return duration }
                diagnostics.report(
                    "`\(key)` is out of range: \(DurationText.format(duration))", at: value.range,
                    help: "write a duration from \"\(DurationText.format(range.lowerBound))\" to "
                        + "\"\(DurationText.format(range.upperBound))\"")
            } catch {
                let range = diagnostics.file.range(of: error.range, in: text, at: value.range)
                diagnostics.report(error.message, at: range, help: error.help)
            }
            return nil
        }
    }
}

extension SettingType where Value == UInt64 {
    /// A duration in a range, in nanoseconds.
    package static func nanoseconds(_ range: ClosedRange<Duration>, example: String) -> Self {
        let type = SettingType<Duration>.duration(range, example: example)
        return Self { key, value, diagnostics in type.read(key, value, &diagnostics)?.nanoseconds }
    }
}

extension SettingType where Value == String {
    /// An absolute path in the file system.
    package static func path(example: String) -> Self {
        Self { key, value, diagnostics in
            guard case .string(let text) = value.content else {
                diagnostics.reportType(value, of: key, wanted: "a path in quotes", example: "\"\(example)\"")
                return nil
            }
            guard text.utf8.first == UInt8(ascii: "/"), text.utf8.last != UInt8(ascii: "/"), !text.utf8.contains(0)
            else {
                diagnostics.report(
                    "`\(text)` is not an absolute path of a file", at: value.range,
                    help: "write \(key) = \"\(example)\"")
                return nil
            }
            return text
        }
    }
}

extension SettingType where Value == [UInt8] {
    /// The bytes of a string that is not empty, in UTF-8.
    ///
    /// - Parameter longest: how many bytes it may have.
    package static func text(upTo longest: Int, example: String) -> Self {
        Self { key, value, diagnostics in
            guard case .string(let text) = value.content else {
                diagnostics.reportType(value, of: key, wanted: "a text in quotes", example: "\"\(example)\"")
                return nil
            }
            let bytes = Array(text.utf8)
            guard !bytes.isEmpty else {
                diagnostics.report("`\(key)` is empty", at: value.range, help: "leave it out")
                return nil
            }
            guard bytes.count <= longest else {
                diagnostics.report(
                    "`\(key)` is \(bytes.count) bytes long", at: value.range, help: "write at most \(longest) bytes")
                return nil
            }
            return bytes
        }
    }
}

extension SettingType where Value == Bool {
    /// `true` or `false`.
    package static let boolean = Self { key, value, diagnostics in
        if case .boolean(let isOn) = value.content { return isOn }
        let isOff =
            switch value.content {
            case .string(let text): ForeignWords.meansOff(text)
            case .integer(let number): number == 0
            default: false
            }
        diagnostics.reportType(value, of: key, wanted: "true or false", example: isOff ? "false" : "true")
        return nil
    }
}

extension SettingType {
    /// One of several words.
    package static func choice(_ what: String, _ choices: [(name: String, value: Value)]) -> Self
    where Value: Sendable {
        Self { key, value, diagnostics in
            let names = choices.map(\.name)
            guard case .string(let text) = value.content else {
                diagnostics.reportType(value, of: key, wanted: "a word in quotes", example: "\"\(names[0])\"")
                return nil
            }
            if let choice = choices.first(where: { $0.name == text }) { return choice.value }
            let suggestion = Suggestion(for: text, among: names, what: what)
            diagnostics.report(
                "`\(text)` is not a \(what)", at: value.range, help: suggestion.help, choices: suggestion.choices)
            return nil
        }
    }

    /// One of the words of an enumeration.
    package static func choice(_ what: String, of type: Value.Type = Value.self) -> Self
    where Value: CaseIterable & RawRepresentable & Sendable, Value.RawValue == String {
        choice(what, Value.allCases.map { ($0.rawValue, $0) })
    }

    /// A value of this type, or `false` for no limit: so a listener can turn off what it would inherit.
    package static func orOff<Inner>(_ type: SettingType<Inner>) -> Self where Value == Inner? {
        Self { key, value, diagnostics in
            switch value.content {
            case .boolean(false):
                return .some(nil)
            case .boolean(true):
                diagnostics.report(
                    "`\(key)` must say how much, or be false for none", at: value.range,
                    help: "leave it out to inherit it")
                return nil
            case .integer(let number) where number <= 0:
                diagnostics.report(
                    "`\(key)` cannot be \(number)", at: value.range,
                    help: "write \(key) = false, which removes the limit")
                return nil
            case .string(let text) where ForeignWords.meansOff(text):
                diagnostics.report(
                    "`\(key)` cannot be \"\(text)\"", at: value.range,
                    help: "write \(key) = false, which removes the limit")
                return nil
            default:
                return type.read(key, value, &diagnostics).map { .some($0) }
            }
        }
    }

    /// A value of this type, or `false` for none, which is also the default.
    package static func orNone<Inner>(_ type: SettingType<Inner>, example: String) -> Self where Value == Inner? {
        Self { key, value, diagnostics in
            switch value.content {
            case .boolean(false):
                return .some(nil)
            case .boolean(true):
                diagnostics.report(
                    "`\(key)` cannot be true", at: value.range, help: "write \(key) = \(example), or false for none")
                return nil
            case .string(let text) where ForeignWords.meansOff(text):
                diagnostics.report(
                    "`\(key)` cannot be \"\(text)\"", at: value.range, help: "write \(key) = false for none")
                return nil
            default:
                return type.read(key, value, &diagnostics).map { .some($0) }
            }
        }
    }
}
