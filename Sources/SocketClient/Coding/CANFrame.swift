// SPDX-License-Identifier: Apache-2.0

public import Addresses
import LinuxSystem

/// A frame of a CAN bus: `struct can_frame` and `struct canfd_frame` of linux/can.h.
public struct CANFrame: Hashable, Sendable {
    /// The type of a frame, with the values that only this type has.
    public enum Kind: Hashable, Sendable {
        /// Up to eight bytes. `lengthCode` is a length code of 9 to 15, which also means eight bytes; 0 for none.
        case data(lengthCode: UInt8)
        /// Requests a frame of this length; has no data.
        case remote(length: UInt8)
        /// CAN FD: up to 64 bytes, and the flags `CANFD_BRS`, `CANFD_ESI` and `CANFD_FDF`. Newer kernels set `CANFD_FDF` in
        /// every such frame.
        case flexible(flags: UInt8)
    }

    /// The identifier, with the kernel's flags.
    public var identifier: CANIdentifier

    /// The type of the frame.
    public var kind: Kind

    /// The data bytes.
    public var data: [UInt8]

    /// Makes a frame.
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

    /// Parses a frame read from a raw CAN socket; nil if the size or the length field is invalid.
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

    /// The frame in the format that a raw CAN socket takes.
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
