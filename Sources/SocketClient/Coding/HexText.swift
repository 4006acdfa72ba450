// SPDX-License-Identifier: Apache-2.0

/// Bytes as pairs of hexadecimal digits: `68 65 6c 6c 6f`.
public enum HexText {
    /// Encodes bytes in lower case, separated by spaces.
    public static func encode(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 3)
        for byte in bytes {
            if !text.isEmpty { text.append(UInt8(ascii: " ")) }
            text.append(digit(byte >> 4, upperCase: false))
            text.append(digit(byte & 0xf, upperCase: false))
        }
        return text
    }

    /// Decodes pairs of digits.
    ///
    /// Spaces, tabs and colons are allowed between pairs, `0x` before the first; a line may be empty.
    ///
    /// - Throws: why the text is invalid.
    public static func decode(_ text: [UInt8]) throws(TextMistake) -> [UInt8] {
        var rest = text[...]
        while let first = rest.first, isSpace(first) { rest.removeFirst() }
        if rest.starts(with: "0x".utf8) || rest.starts(with: "0X".utf8) { rest.removeFirst(2) }
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in rest {
            if let value = value(ofDigit: character) {
                if let first = high {
                    bytes.append(first << 4 | value)
                    high = nil
                } else {
                    high = value
                }
            } else if high == nil, isSpace(character) || character == UInt8(ascii: ":") {
                continue
            } else if high != nil {
                throw oddDigit
            } else {
                throw TextMistake(
                    "`\(name(of: character))` is not a hexadecimal digit; write bytes as in 68 65 6c 6c 6f")
            }
        }
        guard high == nil else { throw oddDigit }
        return bytes
    }

    private static let oddDigit = TextMistake("odd number of digits: a byte has two hexadecimal digits, as in 0a")

    /// The value of a digit; nil for any other character.
    static func value(ofDigit character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The digit of a value below sixteen.
    static func digit(_ value: UInt8, upperCase: Bool) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: upperCase ? "A" : "a") + value - 10
    }

    /// A character for a message: itself, or its hexadecimal value if it is not printable.
    static func name(of character: UInt8) -> String {
        0x21...0x7e ~= character
            ? String(decoding: [character], as: UTF8.self)
            : "\\x\(String(decoding: encode([character]), as: UTF8.self))"
    }

    private static func isSpace(_ character: UInt8) -> Bool {
        character == UInt8(ascii: " ") || character == UInt8(ascii: "\t") || character == UInt8(ascii: "\r")
    }
}
