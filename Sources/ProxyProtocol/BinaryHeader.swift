// SPDX-License-Identifier: Apache-2.0

/// The constants of version 2 (section 2.2).
enum BinaryHeader {
    /// The twelve bytes at the start of a header.
    static let signature: StaticString = "\r\n\r\n\0\r\nQUIT\n"

    /// The length without addresses and fields: the shortest header.
    static let fixedLength = 16

    /// The version: high half of the byte after the signature.
    static let version: UInt8 = 0x20

    /// The command PROXY: low half of the byte after the signature.
    static let proxyCommand: UInt8 = 0x1

    /// The address family: high half of the next byte.
    enum Family: UInt8 {
        case unspecified = 0x00
        case inet = 0x10
        case inet6 = 0x20
        case unix = 0x30

        /// The length of both addresses with their ports.
        var addressLength: Int {
            switch self {
            case .unspecified: 0
            case .inet: 2 * (4 + 2)
            case .inet6: 2 * (16 + 2)
            case .unix: 2 * BinaryHeader.unixLength
            }
        }
    }

    /// The transport: low half of that byte.
    enum Transport: UInt8 {
        case unspecified = 0x0
        case stream = 0x1
        case datagram = 0x2
    }

    /// The length of a Unix address, that of `sun_path`.
    static let unixLength = 108

    /// The types of the fields (TLVs) that usher reads and writes.
    enum FieldType: UInt8 {
        case authority = 0x02
        case checksum = 0x03
        case uniqueID = 0x05
    }

    /// The length of the type and the length field of a TLV.
    static let fieldHeaderLength = 3
}
