// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// How bytes from outside are escaped, so that a peer cannot split, colour or reverse a log line.
///
/// Kept: valid UTF-8 with a visible form. Escaped: control characters (C0, DEL, C1), line and paragraph separators, characters
/// without a width and those that change the direction of writing.
enum Escaping {
    /// For people: each byte of an escaped character becomes `\xNN`, the backslash `\x5c`, so that it can be reversed.
    case text

    /// Like `text`, but blanks are escaped too, so that a value cannot look like two columns.
    case token

    /// For the inside of a JSON string (RFC 8259 section 7): `\"`, `\\`, `\uNNNN`.
    ///
    /// A byte that is not UTF-8 becomes the four characters `\xNN`, written `\\xNN`: the byte can be recovered, and the JSON is
    /// valid UTF-8.
    case json
}

extension ByteOutput {
    /// Appends bytes from outside, escaped.
    mutating func append(escaping bytes: [UInt8], as escaping: Escaping) {
        if bytes.allSatisfy({ escaping.keeps(ascii: $0) }) {
            append(bytes: bytes)
            return
        }
        var index = 0
        while index < bytes.count {
            if escaping.keeps(ascii: bytes[index]) {
                append(bytes[index])
                index += 1
                continue
            }
            let character = UTF8Character(at: index, of: bytes)
            append(character, of: bytes, at: index, as: escaping)
            index += character.length
        }
    }

    private mutating func append(_ character: UTF8Character, of bytes: [UInt8], at index: Int, as escaping: Escaping) {
        guard let scalar = character.scalar else {
            if escaping == .json { append(UInt8(ascii: "\\")) }
            append(hexadecimalEscapeOf: bytes[index])
            return
        }
        if scalar >= 0x80, !Escaping.isInvisible(scalar) {
            for byte in bytes[index..<index + character.length] { append(byte) }
            return
        }
        guard escaping == .json else {
            for byte in bytes[index..<index + character.length] { append(hexadecimalEscapeOf: byte) }
            return
        }
        switch scalar {
        case 0x22, 0x5c:
            append(UInt8(ascii: "\\"))
            append(bytes[index])
        case 0x10000...:
            let offset = scalar - 0x10000
            append(unicodeEscapeOf: UInt16(truncatingIfNeeded: 0xd800 + (offset >> 10)))
            append(unicodeEscapeOf: UInt16(truncatingIfNeeded: 0xdc00 + (offset & 0x3ff)))
        default:
            append(unicodeEscapeOf: UInt16(truncatingIfNeeded: scalar))
        }
    }

    private mutating func append(hexadecimalEscapeOf byte: UInt8) {
        append("\\x")
        append(hexadecimalDigit: byte >> 4)
        append(hexadecimalDigit: byte & 0xf)
    }

    private mutating func append(unicodeEscapeOf unit: UInt16) {
        append("\\u")
        for shift: UInt16 in [12, 8, 4, 0] { append(hexadecimalDigit: UInt8(truncatingIfNeeded: unit >> shift) & 0xf) }
    }

    private mutating func append(hexadecimalDigit digit: UInt8) {
        append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
}

extension Escaping {
    /// The most bytes that one byte may become: `\u00NN`.
    static let mostGrowth = 6

    /// Returns the bytes escaped.
    func apply(to bytes: [UInt8]) -> [UInt8] {
        [UInt8](capacity: bytes.count * Self.mostGrowth) { $0.append(escaping: bytes, as: self) }
    }

    /// Whether an ASCII byte needs no escape.
    func keeps(ascii byte: UInt8) -> Bool {
        switch byte {
        case 0x20: self != .token
        case 0x22: self != .json
        case 0x5c: false
        case 0x21...0x7e: true
        default: false
        }
    }

    /// Whether a scalar has no visible form: control and format characters, line separators, non-characters.
    static func isInvisible(_ scalar: UInt32) -> Bool {
        switch scalar {
        case ..<0x20, 0x7f...0x9f, 0xad, 0x061c, 0x180e: true
        case 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f: true
        case 0xfdd0...0xfdef, 0xfeff, 0xfff0...0xfffb, 0xe0000...0xe0fff: true
        default: scalar & 0xfffe == 0xfffe
        }
    }
}
