// SPDX-License-Identifier: Apache-2.0

/// One character decoded from bytes that may be invalid UTF-8 (RFC 3629 section 4: no overlong form, no surrogate).
struct UTF8Character {
    /// The code point; nil if the bytes are not UTF-8.
    let scalar: UInt32?

    /// How many bytes the character has; 1 if they are not UTF-8.
    let length: Int

    /// Decodes the character that begins at `index`, which must be within `bytes`.
    init(at index: Int, of bytes: [UInt8]) {
        let first = bytes[index]
        let count: Int
        var value: UInt32
        let smallest: UInt32
        switch first {
        case ..<0x80: (count, value, smallest) = (1, UInt32(first), 0)
        case 0xc2...0xdf: (count, value, smallest) = (2, UInt32(first & 0x1f), 0x80)
        case 0xe0...0xef: (count, value, smallest) = (3, UInt32(first & 0x0f), 0x800)
        case 0xf0...0xf4: (count, value, smallest) = (4, UInt32(first & 0x07), 0x10000)
        default:
            (scalar, length) = (nil, 1)
            return
        }
        guard index + count <= bytes.count else {
            (scalar, length) = (nil, 1)
            return
        }
        for offset in 1..<count {
            let byte = bytes[index + offset]
            guard byte & 0xc0 == 0x80 else {
                (scalar, length) = (nil, 1)
                return
            }
            value = value << 6 | UInt32(byte & 0x3f)
        }
        guard value >= smallest, value <= 0x10ffff, !(0xd800...0xdfff).contains(value) else {
            (scalar, length) = (nil, 1)
            return
        }
        (scalar, length) = (value, count)
    }
}
