// SPDX-License-Identifier: Apache-2.0

/// The name of a network interface in 15 bytes, without allocated memory: netdevice(7).
public struct InterfaceName: Hashable, Sendable {
    // The bytes in order, the first one in the highest bits, padded with zeros. In parts, so that ``SocketAddress`` stays small.
    private let first: UInt64
    private let second: UInt32
    private let third: UInt16
    private let fourth: UInt8

    /// The parts as two words; the last byte is zero.
    private var words: [UInt64] {
        [first, UInt64(second) << 32 | UInt64(third) << 16 | UInt64(fourth) << 8]
    }

    /// The most bytes of a name: `IFNAMSIZ` less the terminating NUL.
    public static let longest = 15

    /// Every interface, `*` in the grammar.
    public static let any = InterfaceName(bytes: [])

    /// Makes a name; nil if it is empty or too long.
    public init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard 1...Self.longest ~= bytes.count else { return nil }
        self.init(bytes: bytes)
    }

    /// Makes a name of at most ``longest`` bytes, none of them NUL.
    package init(bytes: [UInt8]) {
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            let shift = UInt64(56 - index % 8 * 8)
            if index < 8 { words.0 |= UInt64(byte) << shift } else { words.1 |= UInt64(byte) << shift }
        }
        first = words.0
        second = UInt32(truncatingIfNeeded: words.1 >> 32)
        third = UInt16(truncatingIfNeeded: words.1 >> 16)
        fourth = UInt8(truncatingIfNeeded: words.1 >> 8)
    }

    /// The bytes of the name.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for word in words {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                let byte = UInt8(truncatingIfNeeded: word >> shift)
                if byte != 0 { bytes.append(byte) }
            }
        }
        return bytes
    }

    /// Whether it means every interface.
    public var isAny: Bool { self == .any }

    /// Appends the text, without making a String.
    package func append(to bytes: inout ByteOutput) {
        if isAny { return bytes.append(UInt8(ascii: "*")) }
        for word in words {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                let byte = UInt8(truncatingIfNeeded: word >> shift)
                if byte != 0 { bytes.append(byte) }
            }
        }
    }
}

extension InterfaceName {
    /// An index for a name without an interface; the kernel, which counts from 1, refuses it with `ENODEV`.
    ///
    /// Different names get different indices (but for hash collisions), so that their addresses are not taken for equal.
    public static func absentIndex(of name: String) -> UInt32 {
        // FNV-1a, in the upper half of the range of indices.
        let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return hash & 0x3fff_ffff | 0x4000_0000
    }
}

extension InterfaceName: CustomStringConvertible {
    /// The name, or `*`.
    public var description: String { isAny ? "*" : String(decoding: bytes, as: UTF8.self) }
}
