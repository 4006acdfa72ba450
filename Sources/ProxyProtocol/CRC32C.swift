// SPDX-License-Identifier: Apache-2.0

/// The checksum CRC32c of RFC 4960, appendix B: the polynomial 0x1EDC6F41, reflected.
///
/// A header stores the number in network order, as HAProxy reads and writes it.
struct CRC32C {
    private var state: UInt32 = .max

    /// The checksum of the bytes added so far.
    var value: UInt32 { ~state }

    /// Adds a byte.
    mutating func add(_ byte: UInt8) {
        state ^= UInt32(byte)
        // Half a byte at a time: headers are short, and a table of 16 numbers stays in the cache.
        state = state >> 4 ^ Self.table[Int(state & 0xf)]
        state = state >> 4 ^ Self.table[Int(state & 0xf)]
    }

    /// Adds zero bytes, which stand for the checksum field itself.
    mutating func addZeros(_ count: Int) {
        for _ in 0..<count { add(0) }
    }

    /// Adds bytes.
    mutating func add(_ bytes: RawSpan) {
        for offset in 0..<bytes.byteCount { add(bytes.byte(at: offset)) }
    }

    /// The remainder for each half byte.
    private static let table: [16 of UInt32] = InlineArray { index in
        var remainder = UInt32(index)
        for _ in 0..<4 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0x82f6_3b78 : 0) }
        return remainder
    }
}
