// SPDX-License-Identifier: Apache-2.0

/// An IPv4 address as one word in host order.
public struct IPv4Address: Hashable, Sendable {
    /// The four bytes, the first one in the highest bits.
    public let value: UInt32

    /// Makes an address from a word in host byte order.
    public init(_ value: UInt32) {
        self.value = value
    }

    /// The address 0.0.0.0: to listen on every address.
    public static let any = IPv4Address(0)

    /// The limited broadcast address, every host on the link: RFC 919.
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
        // unsafe: there is room for the longest text, four octets and three dots, and no more is written.
        unsafe bytes.withUnsafeMutableBufferPointer { buffer, count in
            let start = unsafe buffer.baseAddress.unsafelyUnwrapped + count
            var length = unsafe Self.put(value >> 24, at: start)
            unsafe start[length] = UInt8(ascii: ".")
            unsafe length += 1 + Self.put(value >> 16 & 0xff, at: start + length + 1)
            unsafe start[length] = UInt8(ascii: ".")
            unsafe length += 1 + Self.put(value >> 8 & 0xff, at: start + length + 1)
            unsafe start[length] = UInt8(ascii: ".")
            unsafe length += 1 + Self.put(value & 0xff, at: start + length + 1)
            count += length
        }
    }

    /// Writes an octet in one to three digits.
    ///
    /// - Returns: the number of digits.
    @inline(__always)
    private static func put(_ octet: UInt32, at place: UnsafeMutablePointer<UInt8>) -> Int {
        func digit(_ number: UInt32) -> UInt8 { UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number) }
        if octet < 10 {
            unsafe place[0] = digit(octet)
            return 1
        }
        let tens = octet / 10
        if octet < 100 {
            unsafe place[0] = digit(tens)
            unsafe place[1] = digit(octet - tens * 10)
            return 2
        }
        unsafe place[0] = digit(tens / 10)
        unsafe place[1] = digit(tens % 10)
        unsafe place[2] = digit(octet - tens * 10)
        return 3
    }

    /// The length of `255.255.255.255`.
    static let longestText = 15
}
