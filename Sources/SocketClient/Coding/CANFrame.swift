// SPDX-License-Identifier: Apache-2.0

public import Addresses
import LinuxSystem

/// A frame of a CAN bus: `struct can_frame` and `struct canfd_frame` of linux/can.h.
public struct CANFrame: Hashable, Sendable {
    /// What kind of frame it is, with what only that kind has.
    public enum Kind: Hashable, Sendable {
        /// Up to eight bytes. `lengthCode` is a length code of 9 to 15 that stands for eight bytes as well; 0 for none.
        case data(lengthCode: UInt8)
        /// It asks for a frame of this length and has no bytes.
        case remote(length: UInt8)
        /// CAN FD: up to 64 bytes, and the flags `CANFD_BRS`, `CANFD_ESI` and `CANFD_FDF`, which newer kernels
        /// set in each.
        case flexible(flags: UInt8)
    }

    /// Which frame it is, with the kernel's flags.
    public var identifier: CANIdentifier

    /// What kind of frame it is.
    public var kind: Kind

    /// What it carries.
    public var data: [UInt8]

    /// Puts a frame together.
    public init(identifier: CANIdentifier, kind: Kind = .data(lengthCode: 0), data: [UInt8] = []) {
        self.identifier = identifier
        self.kind = kind
        self.data = data
    }

    /// The size of `struct can_frame`: `CAN_MTU`.
    static let classicSize = 16

    /// The size of `struct canfd_frame`: `CANFD_MTU`.
    static let flexibleSize = 72

    private static let headerSize = 8

    /// Reads what a raw CAN socket gives; nil for bytes of another size or with a length that does not fit.
    public init?(kernelBytes bytes: [UInt8]) {
        guard bytes.count == Self.classicSize || bytes.count == Self.flexibleSize else { return nil }
        // unsafe: four bytes of a longer array, plain data.
        let number = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt32.self) }
        identifier = CANIdentifier(rawValue: number)
        let length = bytes[4]
        guard Int(length) <= bytes.count - Self.headerSize else { return nil }
        if bytes.count == Self.flexibleSize {
            kind = .flexible(flags: bytes[5])
        } else if number & CANIdentifier.remoteFlag != 0 {
            kind = .remote(length: length)
            data = []
            return
        } else {
            kind = .data(lengthCode: length == 8 && 9...15 ~= bytes[7] ? bytes[7] : 0)
        }
        data = Array(bytes[Self.headerSize..<Self.headerSize + Int(length)])
    }

    /// What a raw CAN socket takes.
    public var kernelBytes: [UInt8] {
        let number = identifier.rawValue
        // unsafe: the bytes of a local number.
        var bytes = unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
        let size: Int
        switch kind {
        case .data(let lengthCode):
            bytes += [UInt8(data.count), 0, 0, lengthCode]
            size = Self.classicSize
        case .remote(let length):
            bytes += [length, 0, 0, 0]
            size = Self.classicSize
        case .flexible(let flags):
            bytes += [UInt8(data.count), flags, 0, 0]
            size = Self.flexibleSize
        }
        bytes += data
        return bytes + Array(repeating: 0, count: size - bytes.count)
    }
}
