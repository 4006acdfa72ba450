// SPDX-License-Identifier: Apache-2.0

/// Converts bytes from the peer to text that is safe on a terminal: control characters become visible.
///
/// For example, ESC becomes `^[`, a C1 character `\u{9b}`, bytes that are not UTF-8 `\xff`. Line feeds and tabs are kept; a
/// carriage return before a line feed is dropped.
struct TerminalText: Sendable {
    /// An incomplete character, or a carriage return whose successor is unknown.
    private var pending: [UInt8] = []

    /// Adds bytes.
    ///
    /// - Returns: the text that is complete.
    mutating func add(_ bytes: [UInt8]) -> String {
        let all = pending + bytes
        pending = []
        var text = ""
        var index = 0
        while index < all.count {
            let byte = all[index]
            if byte == UInt8(ascii: "\r") {
                guard index + 1 < all.count else { break }
                if all[index + 1] != UInt8(ascii: "\n") { text += "^M" }
                index += 1
                continue
            }
            let length = Self.length(ofCharacterBeginningWith: byte)
            let available = all[index..<min(index + length, all.count)]
            let isWhole = available.count == length
            let isSound = available.dropFirst().allSatisfy { $0 & 0xc0 == 0x80 }
            if !isWhole, isSound { break }
            if let scalar = isWhole ? Self.scalar(available) : nil {
                Self.append(scalar, to: &text)
                index += length
            } else {
                Self.append(byte: byte, to: &text)
                index += 1
            }
        }
        pending = Array(all[index...])
        return text
    }

    /// Returns what is left of an incomplete character at the end.
    mutating func finish() -> String {
        defer { pending = [] }
        var text = ""
        for byte in pending {
            if byte == UInt8(ascii: "\r") { text += "^M" } else { Self.append(byte: byte, to: &text) }
        }
        return text
    }

    private static func length(ofCharacterBeginningWith byte: UInt8) -> Int {
        switch byte {
        case 0xc2...0xdf: 2
        case 0xe0...0xef: 3
        case 0xf0...0xf4: 4
        default: 1
        }
    }

    private static func scalar(_ bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        return text.unicodeScalars.first
    }

    private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
        switch scalar.value {
        case 0x09, 0x0a: text.unicodeScalars.append(scalar)
        case 0..<0x20, 0x7f: text += "^\(Unicode.Scalar(UInt8(scalar.value ^ 0x40)))"
        // C1, and characters that change the text direction (UAX #9), which can make text look like something else.
        case 0x80..<0xa0, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069:
            text += "\\u{\(String(scalar.value, radix: 16))}"
        default: text.unicodeScalars.append(scalar)
        }
    }

    private static func append(byte: UInt8, to text: inout String) {
        text += "\\x\(String(decoding: HexText.encode([byte]), as: UTF8.self))"
    }
}
