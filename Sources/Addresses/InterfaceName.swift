// SPDX-License-Identifier: Apache-2.0

/// The name of a network interface in 15 bytes, so that an address that has one needs no memory of its own: netdevice(7).
public struct InterfaceName: Hashable, Sendable {
    // The bytes in their order, the first one in the highest bits; zeros behind them. In parts, so that a
    // ``SocketAddress`` stays as small as it is.
    private let first: UInt64
    private let second: UInt32
    private let third: UInt16
    private let fourth: UInt8

    /// The parts as two words, of which the last byte is zero.
    private var words: [UInt64] {
        [first, UInt64(second) << 32 | UInt64(third) << 16 | UInt64(fourth) << 8]
    }

    /// The longest name, less the NUL that closes it in the kernel: `IFNAMSIZ`.
    public static let longest = 15

    /// Every interface, `*` in the grammar.
    public static let any = InterfaceName(bytes: [])

    /// A name; nil if it is empty or too long.
    public init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard 1...Self.longest ~= bytes.count else { return nil }
        self.init(bytes: bytes)
    }

    /// A name of at most ``longest`` bytes, none of them NUL.
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

    /// Whether it stands for all.
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
    /// A number that stands for the missing interface of a name. The kernel, which counts from 1, answers with `ENODEV`. Two
    /// names have two numbers, so that their addresses are not taken for the same.
    public static func absentIndex(of name: String) -> UInt32 {
        // FNV-1a, in the upper half of what an index may be.
        let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return hash & 0x3fff_ffff | 0x4000_0000
    }
}

extension InterfaceName: CustomStringConvertible {
    /// The name, or `*`.
    public var description: String { isAny ? "*" : String(decoding: bytes, as: UTF8.self) }
}
