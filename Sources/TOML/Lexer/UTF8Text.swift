// SPDX-License-Identifier: Apache-2.0

/// The UTF-8 functions (RFC 3629) that `String` does not have.
enum UTF8Text {
    /// The length of the byte order mark at the start of `bytes`: 3, or 0 if there is none.
    static func byteOrderMarkLength(in bytes: [UInt8]) -> Int {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// Whether `byte` is the second or a later byte of a scalar.
    static func isContinuation(_ byte: UInt8) -> Bool {
        byte & 0xC0 == 0x80
    }

    /// The offset of the first byte that is not part of a valid scalar; nil if all of `bytes` is UTF-8.
    static func firstInvalidOffset(in bytes: [UInt8]) -> Int? {
        var offset = 0
        while offset < bytes.count {
            if bytes[offset] < 0x80 {
                offset += 1
            } else if let length = multibyteLength(at: offset, in: bytes) {
                offset += length
            } else {
                return offset
            }
        }
        return nil
    }

    /// The scalar that starts at `offset` and its length in bytes; nil if the bytes there are not UTF-8.
    static func scalar(at offset: Int, in bytes: [UInt8]) -> (scalar: Unicode.Scalar, length: Int)? {
        guard offset < bytes.count else { return nil }
        if bytes[offset] < 0x80 { return (Unicode.Scalar(bytes[offset]), 1) }
        guard let length = multibyteLength(at: offset, in: bytes),
            let scalar = String(decoding: bytes[offset..<offset + length], as: UTF8.self).unicodeScalars.first
        else { return nil }
        return (scalar, length)
    }

    /// The length of the valid scalar of two to four bytes at `offset`; nil if there is none.
    ///
    /// RFC 3629, section 4: the limits of the second byte exclude overlong forms, surrogates and scalars beyond U+10FFFF.
    private static func multibyteLength(at offset: Int, in bytes: [UInt8]) -> Int? {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch bytes[offset] {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard offset + length <= bytes.count, second.contains(bytes[offset + 1]) else { return nil }
        guard bytes[(offset + 2)..<(offset + length)].allSatisfy(isContinuation) else { return nil }
        return length
    }
}
