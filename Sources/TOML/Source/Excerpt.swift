// SPDX-License-Identifier: Apache-2.0

/// Pieces of a document for messages: limited in length, with everything escaped that could control a terminal.
enum Excerpt {
    private static let longest = 48

    /// `bytes` between backquotes.
    static func quoted(_ bytes: ArraySlice<UInt8>) -> String {
        // A scalar has at most four bytes, so the bytes that are cut off here would not be shown anyway.
        quoted(String(decoding: bytes.prefix(4 * (longest + 1)), as: UTF8.self))
    }

    /// `text` between backquotes.
    static func quoted(_ text: String) -> String {
        "`\(shown(text))`"
    }

    /// A dotted key between backquotes, with its parts as written in a document.
    static func quoted(_ path: ArraySlice<KeyPart>) -> String {
        "`\(path.map { written($0.text) }.joined(separator: "."))`"
    }

    /// `key` as written in a document: bare if possible.
    static func written(_ key: String) -> String {
        let isBare = !key.isEmpty && key.utf8.allSatisfy(ASCII.isBareKey)
        return isBare ? shown(key) : "\"\(shown(key))\""
    }

    /// `text` without typographic quotation marks; nil if it has none.
    static func withoutCurlyQuotes(_ text: String) -> String? {
        let isMark = { (scalar: Unicode.Scalar) in
            switch scalar.value {
            // U+2018 to U+201F are the single and double ones, U+2032 and U+2033 primes, U+00AB and U+00BB guillemets.
            case 0x2018...0x201f, 0x2032, 0x2033, 0xab, 0xbb, 0x2039, 0x203a: true
            default: false
            }
        }
        guard text.unicodeScalars.contains(where: isMark) else { return nil }
        return String(String.UnicodeScalarView(text.unicodeScalars.filter { !isMark($0) && $0 != "\"" && $0 != "'" }))
    }

    /// `text` up to the longest length, with invisible scalars as `\u{…}`.
    private static func shown(_ text: String) -> String {
        var result = ""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            guard count < longest else { return result + "…" }
            result += shown(scalar)
        }
        return result
    }

    private static func shown(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        default:
            String(scalar)
        }
    }
}
