// SPDX-License-Identifier: Apache-2.0

extension RawSpan {
    /// The byte at an offset; traps past the end.
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        // unsafe: every byte is a UInt8, and the offset is checked.
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// Two bytes at an offset in network order; traps past the end.
    func uint16(at offset: Int) -> UInt16 {
        UInt16(byte(at: offset)) << 8 | UInt16(byte(at: offset + 1))
    }

    /// Four bytes at an offset in network order; traps past the end.
    func uint32(at offset: Int) -> UInt32 {
        UInt32(uint16(at: offset)) << 16 | UInt32(uint16(at: offset + 2))
    }

    /// Eight bytes at an offset in network order; traps past the end.
    func uint64(at offset: Int) -> UInt64 {
        UInt64(uint32(at: offset)) << 32 | UInt64(uint32(at: offset + 4))
    }

    /// A copy of some of the bytes; traps past the end.
    func array(_ range: Range<Int>) -> [UInt8] {
        // unsafe: the pointer lives for the call of `body`, and extracting checks the range.
        unsafe extracting(range).withUnsafeBytes { unsafe Array($0) }
    }

    /// Compares a literal with the bytes from an offset on.
    func match(_ literal: StaticString, at offset: Int = 0) -> PrefixMatch {
        for index in 0..<literal.utf8CodeUnitCount {
            guard offset + index < byteCount else { return .soFar }
            // unsafe: the index is inside the literal, which has at least two bytes and therefore an address.
            guard unsafe byte(at: offset + index) == literal.utf8Start[index] else { return .differs }
        }
        return .whole
    }
}

/// The result of ``RawSpan/match(_:at:)``.
enum PrefixMatch {
    /// All bytes of the literal are there.
    case whole

    /// The bytes end within the literal and match so far.
    case soFar

    /// A byte differs.
    case differs
}
