// SPDX-License-Identifier: Apache-2.0

/// The bytes of a frame as the kernel has them: `struct can_frame` and `struct canfd_frame` of linux/can.h. An identifier with
/// flags in four bytes of the host's order, the number of bytes of data, three bytes that this does not look at, and the data.
package enum CANFrameLayout {
    /// `CAN_MTU`: the bytes of a classic frame.
    package static let classicLength = 16

    /// `CANFD_MTU`: the bytes of a frame of CAN FD.
    package static let flexibleLength = 72

    /// What stands before the data.
    private static let headLength = 8

    /// Whether bytes are a frame that may be sent: of one of the two lengths, with no more data than fits, an identifier that
    /// has the bits of its format alone, and no report of an error, which only a controller makes.
    package static func isSendable(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount == classicLength || bytes.byteCount == flexibleLength,
            let identifier = CANIdentifier(frame: bytes), !identifier.isError
        else { return false }
        let flags = CANIdentifier.extendedFlag | CANIdentifier.remoteFlag
        guard identifier.rawValue & ~flags == identifier.number else { return false }
        // unsafe: a byte within the length that was looked at.
        let dataLength = unsafe bytes.unsafeLoad(fromByteOffset: 4, as: UInt8.self)
        return Int(dataLength) <= bytes.byteCount - headLength
    }

    /// Whether bytes are a frame that may be sent.
    package static func isSendable(_ bytes: [UInt8]) -> Bool {
        // unsafe: bytes have no padding that could be read.
        unsafe isSendable(bytes.span.bytes)
    }
}
