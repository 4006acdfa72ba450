// SPDX-License-Identifier: Apache-2.0

/// A key that equals another one only if the bytes are equal.
///
/// `String` compares by canonical equivalence, so it would merge keys that TOML distinguishes.
struct ExactKey: Hashable {
    let string: String

    init(_ string: String) {
        self.string = string
    }

    static func == (left: ExactKey, right: ExactKey) -> Bool {
        left.string.utf8.elementsEqual(right.string.utf8)
    }

    func hash(into hasher: inout Hasher) {
        for byte in string.utf8 { hasher.combine(byte) }
        // No key contains this byte, so the parts of a compound value cannot run together.
        hasher.combine(0xFF as UInt8)
    }
}
