// SPDX-License-Identifier: Apache-2.0

/// Which CAN frames a listener takes: those whose identifier equals `id` in the bits of `mask`, and which have the same
/// format, standard or extended.
public struct CANFilter: Hashable, Sendable {
    /// The identifier: 11 bits, or 29 of the extended format.
    public let id: UInt32

    /// The bits that count; nil if not written, and then all do.
    public let mask: UInt32?

    /// Whether frames of the extended format are meant: an identifier of more than 11 bits, or one that was written with
    /// eight digits (`0x00000100`).
    public let isExtended: Bool

    /// Makes a filter.
    ///
    /// - Parameter isExtended: an identifier of more than 11 bits is extended in any case.
    public init(id: UInt32, mask: UInt32? = nil, isExtended: Bool = false) {
        self.id = id
        self.mask = mask
        self.isExtended = isExtended || id > Self.highestStandard
    }

    /// The highest identifier of the extended format, `CAN_EFF_MASK`.
    static let highest: UInt32 = 0x1fff_ffff

    /// The highest identifier of the standard format, `CAN_SFF_MASK`.
    static let highestStandard: UInt32 = 0x7ff

    /// What the kernel compares the identifier of a frame with, the flag of the extended format among its bits: the frame
    /// passes where it equals `id` in the bits of `mask`. `id` has no other bits.
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
