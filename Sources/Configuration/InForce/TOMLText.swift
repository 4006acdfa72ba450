// SPDX-License-Identifier: Apache-2.0

/// Writes values in TOML 1.0, in ASCII, so that a terminal shows them as they are.
enum TOMLText {
    /// A basic string.
    static func string(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "\"") { $0 += escaped($1) } + "\""
    }

    /// An array of strings; the string alone if there is one.
    static func strings(_ texts: [String]) -> String {
        texts.count == 1 ? string(texts[0]) : "[\(texts.map(string).joined(separator: ", "))]"
    }

    static func boolean(_ value: Bool) -> String { value ? "true" : "false" }

    /// A duration in quotes.
    static func duration(_ duration: Duration) -> String { string(DurationText.format(duration)) }

    /// A duration in quotes, or `false` for none.
    static func orOff(_ duration: Duration?) -> String { duration.map(Self.duration) ?? "false" }

    /// A duration of nanoseconds in quotes, or `false` for none.
    static func orOff(nanoseconds: UInt64?) -> String {
        nanoseconds.map { string(DurationText.format(nanoseconds: $0)) } ?? "false"
    }

    /// A number, or `false` for none.
    static func orOff(_ number: Int?) -> String { number.map { String($0) } ?? "false" }

    /// The header of a table, whose names are quoted where they need it.
    static func header(_ names: [String]) -> String { names.map(key).joined(separator: ".") }

    /// A key: bare if it may be.
    private static func key(_ name: String) -> String {
        let isBare =
            !name.isEmpty
            && name.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) || "-_".utf8.contains($0)
            }
        return isBare ? name : string(name)
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case " "..."~": return String(scalar)
        default:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            let isShort = digits.utf8.count <= 4
            return (isShort ? "\\u" : "\\U")
                + String(repeating: "0", count: (isShort ? 4 : 8) - digits.utf8.count) + digits
        }
    }
}
