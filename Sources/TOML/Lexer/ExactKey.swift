// SPDX-License-Identifier: Apache-2.0

/// A key that equals another only if it has the same bytes.
///
/// `String` compares by canonical equivalence, which would make one key of two that TOML tells apart.
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
        // No key holds this byte, so that keys of a compound value cannot run into each other.
        hasher.combine(0xFF as UInt8)
    }
}
