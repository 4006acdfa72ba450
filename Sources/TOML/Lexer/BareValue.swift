// SPDX-License-Identifier: Apache-2.0

/// Parses a bare word: a boolean, a number, a date or a time. Pure.
enum BareValue {
    /// What is wrong with a word, and how to correct it.
    struct Mistake: Error, Equatable {
        var message: String
        var help: String
    }

    /// Parses `word`, which must not be empty.
    static func read(_ word: ArraySlice<UInt8>) -> Result<TOMLValue.Content, Mistake> {
        if word.elementsEqual("true".utf8) { return .success(.boolean(true)) }
        if word.elementsEqual("false".utf8) { return .success(.boolean(false)) }
        if DateTimeReader.isDateShaped(word) || DateTimeReader.isTimeShaped(word) { return DateTimeReader.read(word) }
        return NumberReader.read(word) ?? .failure(mistake(in: word))
    }

    /// A suggestion for `word`.
    private static func mistake(in word: ArraySlice<UInt8>) -> Mistake {
        let quoted = Excerpt.quoted(word)
        switch String(decoding: word.prefix(16), as: UTF8.self).lowercased() {
        case "true", "yes", "on":
            return Mistake(message: "\(quoted) is not a boolean", help: "write `true`")
        case "false", "no", "off":
            return Mistake(message: "\(quoted) is not a boolean", help: "write `false`")
        case "null", "nil", "none":
            return Mistake(message: "TOML has no \(quoted)", help: "leave the key out instead")
        case "inf", "+inf", "-inf", "nan", "+nan", "-nan":
            return Mistake(message: "\(quoted) is not a number", help: "write `inf` and `nan` in lower case")
        default:
            let text = String(decoding: word.prefix(200), as: UTF8.self)
            if let plain = Excerpt.withoutCurlyQuotes(text) {
                return Mistake(
                    message: "\(quoted) is not a value: TOML knows straight quotes alone",
                    help: "write \(Excerpt.quoted("\"\(plain)\""))")
            }
            return Mistake(
                message: "\(quoted) is not a value",
                help: "if it is text, put it in quotes: \(Excerpt.quoted("\"\(text)\""))")
        }
    }
}
