// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

// The text format of can-utils (lib.c): `123#DEADBEEF`, an extended identifier with eight digits, `123#R` or `123#R4` for a
// remote frame, `123##1DEADBEEF` for CAN FD with its flags, `123#1122334455667788_9` for a length code above eight. An error
// frame has its flag in the eight digits.
extension CANFrame {
    /// The text, in the format of `candump -L`.
    public var text: [UInt8] {
        let isError = identifier.isError
        let digits = identifier.isExtended || isError ? 8 : 3
        let number = isError ? identifier.rawValue & 0x3fff_ffff : identifier.number
        var text = stride(from: digits - 1, through: 0, by: -1).map { place in
            HexText.digit(UInt8(truncatingIfNeeded: number >> UInt32(place * 4) & 0xf), upperCase: true)
        }
        text.append(UInt8(ascii: "#"))
        switch kind {
        case .flexible(let flags):
            text.append(UInt8(ascii: "#"))
            text.append(HexText.digit(flags & 0xf, upperCase: true))
            append(dataTo: &text)
        case .remote(let length):
            text.append(UInt8(ascii: "R"))
            if 1...8 ~= length { text.append(HexText.digit(length, upperCase: true)) }
        case .data(let lengthCode):
            append(dataTo: &text)
            if lengthCode != 0 { text += [UInt8(ascii: "_"), HexText.digit(lengthCode, upperCase: true)] }
        }
        return text
    }

    private func append(dataTo text: inout [UInt8]) {
        for byte in data {
            text.append(HexText.digit(byte >> 4, upperCase: true))
            text.append(HexText.digit(byte & 0xf, upperCase: true))
        }
    }

    /// Parses the text of one frame. Dots between bytes are allowed.
    ///
    /// Data of a length that CAN FD does not have is padded with zeros to the next valid length, as cansend(1) does.
    ///
    /// - Throws: why the text is invalid.
    public init(text: [UInt8]) throws(TextMistake) {
        let trimmed = Array(text.drop { $0 == UInt8(ascii: " ") }.reversed().drop { $0 <= 0x20 }.reversed())
        guard let hash = trimmed.firstIndex(of: UInt8(ascii: "#")) else {
            throw TextMistake(
                "a frame is written ID#DATA, as in 123#DEADBEEF, or ID##FLAGS DATA for CAN FD, as in 123##1DEAD")
        }
        identifier = try Self.identifier(trimmed[..<hash])
        let rest = trimmed[(hash + 1)...]
        switch rest.first {
        case UInt8(ascii: "#"):
            guard let character = rest.dropFirst().first, let flags = HexText.value(ofDigit: character) else {
                throw TextMistake("after ## comes one digit with the flags of CAN FD, as in 123##1DEADBEEF; 0 for none")
            }
            kind = .flexible(flags: flags)
            data = try Self.data(rest.dropFirst(2), most: 64)
            data += Array(repeating: 0, count: Self.flexibleLength(data.count) - data.count)
        case UInt8(ascii: "R"), UInt8(ascii: "r"):
            let digits = rest.dropFirst()
            guard digits.count <= 1, let length = digits.first.map(HexText.value) ?? 0, length <= 8 else {
                throw TextMistake("after R comes nothing, or the length that is asked for: 0 to 8, as in 123#R4")
            }
            identifier = CANIdentifier(rawValue: identifier.rawValue | CANIdentifier.remoteFlag)
            kind = .remote(length: length)
            data = []
        default:
            let parts = rest.split(separator: UInt8(ascii: "_"), maxSplits: 1, omittingEmptySubsequences: false)
            data = try Self.data(parts[0], most: 8)
            kind = .data(lengthCode: 0)
            guard parts.count == 2 else { return }
            guard data.count == 8, parts[1].count == 1, let code = parts[1].first.flatMap(HexText.value), code > 8
            else {
                throw TextMistake("_ and a length code from 9 to F follow eight bytes, as in 123#1122334455667788_9")
            }
            kind = .data(lengthCode: code)
        }
    }

    private static func identifier(_ digits: ArraySlice<UInt8>) throws(TextMistake) -> CANIdentifier {
        var number: UInt32 = 0
        var areDigits = digits.count == 3 || digits.count == 8
        for character in digits.prefix(8) {
            let value = HexText.value(ofDigit: character)
            areDigits = areDigits && value != nil
            number = number << 4 | UInt32(value ?? 0)
        }
        guard areDigits else {
            throw TextMistake(
                "an identifier has three hexadecimal digits, or eight if it is extended, as in 00000123#DEAD")
        }
        guard digits.count == 8 else {
            guard number <= 0x7ff else {
                throw TextMistake(
                    "7FF is the highest identifier of three digits; an extended one has eight, as in 00000800#DEAD")
            }
            return CANIdentifier(rawValue: number)
        }
        if number & CANIdentifier.errorFlag != 0, number <= 0x3fff_ffff { return CANIdentifier(rawValue: number) }
        guard number <= 0x1fff_ffff else { throw TextMistake("1FFFFFFF is the highest identifier of eight digits") }
        return CANIdentifier(rawValue: number | CANIdentifier.extendedFlag)
    }

    private static func data(_ text: ArraySlice<UInt8>, most: Int) throws(TextMistake) -> [UInt8] {
        let bytes = try HexText.decode(text.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: " ") : $0 })
        guard bytes.count <= most else {
            throw TextMistake(
                most == 8
                    ? "a frame has 8 bytes at most, and this one \(bytes.count); CAN FD is written with ##, as in 123##0…"
                    : "a frame of CAN FD has 64 bytes at most, and this one \(bytes.count)")
        }
        return bytes
    }

    /// The next valid data length of CAN FD: ISO 11898-1.
    private static func flexibleLength(_ count: Int) -> Int {
        if count <= 8 { return count }
        return [12, 16, 20, 24, 32, 48, 64].first { $0 >= count } ?? 64
    }
}
