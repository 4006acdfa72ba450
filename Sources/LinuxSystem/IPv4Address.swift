// SPDX-License-Identifier: Apache-2.0

/// An IPv4 address as one word in host order.
public struct IPv4Address: Hashable, Sendable {
    /// The four bytes, the first one highest.
    public let value: UInt32

    /// Makes an address of a word in host order.
    public init(_ value: UInt32) {
        self.value = value
    }

    /// The address 0.0.0.0, which listens on every address.
    public static let any = IPv4Address(0)

    /// Everybody on the link: RFC 919.
    public static let broadcast = IPv4Address(0xffff_ffff)

    /// The address 127.0.0.1.
    public static let loopback = IPv4Address(0x7f00_0001)

    /// Appends the dotted text.
    public func append(to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: Self.longestText) { append(to: &$0) }
    }

    /// Appends the dotted text, at most ``longestText`` bytes.
    package func append(to bytes: inout ByteOutput) {
        bytes.append(decimal: UInt64(value >> 24))
        bytes.append(UInt8(ascii: "."))
        bytes.append(decimal: UInt64(value >> 16 & 0xff))
        bytes.append(UInt8(ascii: "."))
        bytes.append(decimal: UInt64(value >> 8 & 0xff))
        bytes.append(UInt8(ascii: "."))
        bytes.append(decimal: UInt64(value & 0xff))
    }

    /// The length of `255.255.255.255`.
    static let longestText = 15
}
