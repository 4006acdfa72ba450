// SPDX-License-Identifier: Apache-2.0

/// The layout of a CAN frame: `struct can_frame` and `struct canfd_frame` of linux/can.h.
///
/// An identifier with flags in four bytes of host byte order, the length of the data, three bytes that are ignored here, and the
/// data.
package enum CANFrameLayout {
    /// `CAN_MTU`: the bytes of a classic frame.
    package static let classicLength = 16

    /// `CANFD_MTU`: the bytes of a frame of CAN FD.
    package static let flexibleLength = 72

    /// The bytes before the data.
    private static let headLength = 8

    /// Whether the bytes are a frame that may be sent.
    ///
    /// It must have one of the two lengths, no more data than fits, only identifier bits of its format, and it must not be an
    /// error frame, which only a controller makes.
    package static func isSendable(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount == classicLength || bytes.byteCount == flexibleLength,
            let identifier = CANIdentifier(frame: bytes), !identifier.isError
        else { return false }
        let flags = CANIdentifier.extendedFlag | CANIdentifier.remoteFlag
        guard identifier.rawValue & ~flags == identifier.number else { return false }
        // unsafe: a byte within the length that was checked above.
        let dataLength = unsafe bytes.unsafeLoad(fromByteOffset: 4, as: UInt8.self)
        return Int(dataLength) <= bytes.byteCount - headLength
    }

    /// Whether the bytes are a frame that may be sent.
    package static func isSendable(_ bytes: [UInt8]) -> Bool {
        // unsafe: bytes have no padding that could be read.
        unsafe isSendable(bytes.span.bytes)
    }
}
