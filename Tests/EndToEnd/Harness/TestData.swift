// SPDX-License-Identifier: Apache-2.0

/// Bytes that do not repeat, the same in every run.
enum TestData {
    /// Ten mebibytes: more than the buffers of both sides hold.
    static let tenMebibytes = bytes(10 << 20)

    /// So many bytes: the numbers of xorshift64, lowest byte first.
    static func bytes(_ count: Int) -> [UInt8] {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        let words = (0..<(count + 7) / 8).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state.littleEndian
        }
        return words.withUnsafeBytes { Array($0.prefix(count)) }
    }
}
