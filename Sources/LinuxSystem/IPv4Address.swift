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
        precondition(bytes.freeCapacity >= Self.longestText, "more bytes than were reserved")
        // unsafe: there is room for the longest text, of which no more is written than four octets and three dots take.
        unsafe bytes.withUnsafeMutableBufferPointer { buffer, count in
            var next = unsafe buffer.baseAddress.unsafelyUnwrapped + count
            func put(_ byte: UInt32) {
                unsafe next.initialize(to: UInt8(truncatingIfNeeded: byte))
                unsafe next += 1
            }
            for shift: UInt32 in [24, 16, 8, 0] {
                let octet = value >> shift & 0xff
                if octet >= 100 { put(0x30 + octet / 100) }
                if octet >= 10 { put(0x30 + octet / 10 % 10) }
                put(0x30 + octet % 10)
                if shift > 0 { put(UInt32(UInt8(ascii: "."))) }
            }
            count = unsafe next - buffer.baseAddress.unsafelyUnwrapped
        }
    }

    /// The length of `255.255.255.255`.
    static let longestText = 15
}
