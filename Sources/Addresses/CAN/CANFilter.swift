// SPDX-License-Identifier: Apache-2.0

/// A filter of CAN frames.
///
/// A frame passes if its identifier equals `id` in the bits of `mask` and it has the same format, standard or extended.
public struct CANFilter: Hashable, Sendable {
    /// The identifier: 11 bits, or 29 of the extended format.
    public let id: UInt32

    /// The bits that are compared; nil if not written: then all bits.
    public let mask: UInt32?

    /// Whether it is for extended frames: an identifier of more than 11 bits, or one with eight digits (`0x00000100`).
    public let isExtended: Bool

    /// Makes a filter.
    ///
    /// - Parameter isExtended: ignored for an identifier of more than 11 bits, which is always extended.
    public init(id: UInt32, mask: UInt32? = nil, isExtended: Bool = false) {
        self.id = id
        self.mask = mask
        self.isExtended = isExtended || id > Self.highestStandard
    }

    /// The highest identifier of the extended format, `CAN_EFF_MASK`.
    static let highest: UInt32 = 0x1fff_ffff

    /// The highest identifier of the standard format, `CAN_SFF_MASK`.
    static let highestStandard: UInt32 = 0x7ff

    /// The comparison of the kernel's filter; the flag of the extended format is one of the bits.
    ///
    /// A frame passes if its identifier equals `id` in the bits of `mask`. `id` has no other bits.
    package var comparison: (id: UInt32, mask: UInt32) {
        let format = isExtended ? CANIdentifier.extendedFlag : 0
        let bits = (mask ?? (isExtended ? Self.highest : Self.highestStandard)) | CANIdentifier.extendedFlag
        return ((id | format) & bits, bits)
    }

    var idText: String { text(id) }
    var maskText: String? { mask.map { "0x" + String($0, radix: 16) } }

    private func text(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return "0x" + (isExtended ? String(repeating: "0", count: 8 - digits.count) : "") + digits
    }
}
