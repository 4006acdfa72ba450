// SPDX-License-Identifier: Apache-2.0

/// The bytes that have a meaning in TOML, by name and by class.
enum ASCII {
    static let null: UInt8 = 0x00
    static let tab = UInt8(ascii: "\t")
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let quotationMark = UInt8(ascii: "\"")
    static let numberSign = UInt8(ascii: "#")
    static let apostrophe = UInt8(ascii: "'")
    static let plus = UInt8(ascii: "+")
    static let comma = UInt8(ascii: ",")
    static let hyphen = UInt8(ascii: "-")
    static let period = UInt8(ascii: ".")
    static let zero = UInt8(ascii: "0")
    static let colon = UInt8(ascii: ":")
    static let equals = UInt8(ascii: "=")
    static let leftBracket = UInt8(ascii: "[")
    static let backslash = UInt8(ascii: "\\")
    static let rightBracket = UInt8(ascii: "]")
    static let underscore = UInt8(ascii: "_")
    static let leftBrace = UInt8(ascii: "{")
    static let rightBrace = UInt8(ascii: "}")
    static let delete: UInt8 = 0x7F

    /// Whether `byte` is a space or a tab.
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == space || byte == tab
    }

    /// Whether `byte` opens a string.
    static func isQuote(_ byte: UInt8) -> Bool {
        byte == quotationMark || byte == apostrophe
    }

    /// Whether `byte` is a control character that is only allowed in a line break.
    static func isControl(_ byte: UInt8) -> Bool {
        (byte < space && byte != tab) || byte == delete
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        zero <= byte && byte <= UInt8(ascii: "9")
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        // Lower-case letters have bit 0x20 set in addition.
        UInt8(ascii: "a") <= byte | 0x20 && byte | 0x20 <= UInt8(ascii: "z")
    }

    /// Whether `byte` may be in a bare key.
    static func isBareKey(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == underscore || byte == hyphen
    }

    /// Whether `byte` has a meaning after a bare key, even if it is in the wrong place.
    static func endsBareKey(_ byte: UInt8) -> Bool {
        switch byte {
        case period, equals, colon, comma, numberSign, leftBracket, rightBracket, leftBrace, rightBrace: true
        default: isBlank(byte) || isControl(byte)
        }
    }

    /// Whether `byte` ends a bare value, one without quotes or brackets.
    static func endsBareValue(_ byte: UInt8) -> Bool {
        switch byte {
        case comma, equals, numberSign, leftBracket, rightBracket, leftBrace, rightBrace: true
        default: isBlank(byte) || isControl(byte) || isQuote(byte)
        }
    }

    /// The value of `byte` as a hexadecimal digit; nil if it is not one.
    static func digitValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte - zero }
        guard isLetter(byte), byte | 0x20 <= UInt8(ascii: "f") else { return nil }
        return (byte | 0x20) - UInt8(ascii: "a") + 10
    }
}
