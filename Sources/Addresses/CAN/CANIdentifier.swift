// SPDX-License-Identifier: Apache-2.0

/// The `canid_t` of linux/can.h: an identifier of 11 or 29 bits with its flags.
public struct CANIdentifier: Hashable, Sendable {
    // Bytes need no alignment, so that ``SocketAddress`` stays small.
    private let parts: (UInt8, UInt8, UInt8, UInt8)

    /// The kernel's value: the identifier, and the flags in the three highest bits.
    public var rawValue: UInt32 {
        UInt32(parts.0) << 24 | UInt32(parts.1) << 16 | UInt32(parts.2) << 8 | UInt32(parts.3)
    }

    /// Makes an identifier from the kernel's value.
    public init(rawValue: UInt32) {
        func part(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: rawValue >> shift) }
        parts = (part(24), part(16), part(8), part(0))
    }

    /// Whether two identifiers and their flags are equal.
    public static func == (a: CANIdentifier, b: CANIdentifier) -> Bool { a.rawValue == b.rawValue }

    /// Hashes the value.
    public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }

    /// Reads the identifier of a frame from its first four bytes; nil if it has fewer.
    public init?(frame: RawSpan) {
        guard frame.byteCount >= 4 else { return nil }
        // unsafe: four bytes; the length was checked above.
        self.init(rawValue: unsafe frame.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self))
    }

    /// No identifier: for an interface without a frame.
    public static let none = CANIdentifier(rawValue: .max)

    /// `CAN_EFF_FLAG`: the identifier has 29 bits.
    public static let extendedFlag: UInt32 = 0x8000_0000

    /// `CAN_RTR_FLAG`: a remote frame, which requests a data frame.
    public static let remoteFlag: UInt32 = 0x4000_0000

    /// `CAN_ERR_FLAG`: an error frame.
    public static let errorFlag: UInt32 = 0x2000_0000

    /// Whether the identifier has 29 bits.
    public var isExtended: Bool { rawValue & Self.extendedFlag != 0 }

    /// Whether it is an error frame.
    public var isError: Bool { rawValue & Self.errorFlag != 0 && self != .none }

    /// The identifier without flags.
    public var number: UInt32 { rawValue & (isExtended ? 0x1fff_ffff : 0x7ff) }

    /// The identifier without the RTR flag, so that a request and its answer belong to one flow.
    package var source: CANIdentifier { CANIdentifier(rawValue: rawValue & ~Self.remoteFlag) }

    /// Appends the text of candump(1): three digits, or eight for an extended identifier.
    package func append(to bytes: inout ByteOutput) {
        let digits = isExtended || isError ? 8 : 3
        let value = isError ? rawValue & 0x3fff_ffff : number
        for place in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: value >> UInt32(place * 4) & 0xf)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
        }
    }
}
