// SPDX-License-Identifier: Apache-2.0

/// Escapes text from outside for a terminal.
public enum TerminalText {
    /// `text` with everything escaped that could control a terminal, break a line or change the direction of text.
    public static func safe(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += safe($1) }
    }

    /// Bytes of any encoding: those that are not UTF-8 as `\xFF`, the rest as in ``safe(_:)``.
    package static func escaped(_ bytes: [UInt8]) -> String {
        var rest = bytes[...]
        var text = ""
        while !rest.isEmpty {
            let (scalar, length) = scalar(in: rest)
            text += scalar.map(safe) ?? escape(byte: rest[rest.startIndex])
            rest = rest.dropFirst(length)
        }
        return text
    }

    /// How many columns the escaped `text` takes on a terminal.
    public static func width(of text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width(of: $1) }
    }

    /// The text, cut to 400 scalars: for messages that quote the file.
    static func clipped(_ text: String) -> String {
        let limit = 400
        // Counting the bytes is fast, counting the scalars is not.
        guard text.utf8.count > limit, text.unicodeScalars.count > limit else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit))) + "…"
    }

    /// A scalar unchanged, or escaped as `\u{1B}`.
    static func safe(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        // Format characters are those of "Trojan Source": they change the display of the characters around them.
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        default: String(scalar)
        }
    }

    /// A byte that is not UTF-8, as `\xFF`.
    static func escape(byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "\\x" + (digits.count < 2 ? "0" : "") + digits
    }

    /// The scalar at the start of `bytes` and its length in bytes; nil and 1 if there is none.
    static func scalar(in bytes: ArraySlice<UInt8>) -> (Unicode.Scalar?, length: Int) {
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        guard case .valid(let encoded) = parser.parseScalar(from: &iterator) else { return (nil, 1) }
        return (Unicode.UTF8.decode(encoded), encoded.count)
    }

    private static func width(of scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        return isWide(scalar) ? 2 : 1
    }

    /// Whether a scalar takes two columns: East Asian Width W or F (UAX #11), by blocks.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf,
            0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6,
            0x16fe0...0x18cff, 0x1b000...0x1b2ff, 0x20000...0x3fffd:
            true
        default: scalar.properties.isEmojiPresentation
        }
    }
}
