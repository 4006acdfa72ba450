// SPDX-License-Identifier: Apache-2.0

/// Which CAN frames a listener takes: those whose identifier equals `id` in the bits of `mask`.
public struct CANFilter: Hashable, Sendable {
    /// The identifier: 11 bits, or 29 of the extended format.
    public let id: UInt32

    /// The bits that count; nil if not written, and then all do.
    public let mask: UInt32?

    /// Makes a filter.
    public init(id: UInt32, mask: UInt32? = nil) {
        self.id = id
        self.mask = mask
    }

    /// The highest identifier of the extended format, `CAN_EFF_MASK`.
    static let highest: UInt32 = 0x1fff_ffff

    var idText: String { Self.text(id) }
    var maskText: String? { mask.map(Self.text) }

    private static func text(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
}
