// SPDX-License-Identifier: Apache-2.0

/// An IPv6 address as two words in host order (RFC 4291).
public struct IPv6Address: Hashable, Sendable {
    /// The first eight bytes.
    public let high: UInt64

    /// The last eight bytes.
    public let low: UInt64

    /// Makes an address from its two halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The address `::`: to listen on every address.
    public static let any = IPv6Address(high: 0, low: 0)

    /// The address `::1`.
    public static let loopback = IPv6Address(high: 0, low: 1)

    /// The IPv4 address of an IPv4-mapped one (`::ffff:0:0/96`, RFC 4291 section 2.5.5.2); nil for any other.
    public var mappedIPv4: IPv4Address? {
        guard high == 0, low >> 32 == 0xffff else { return nil }
        return IPv4Address(UInt32(truncatingIfNeeded: low))
    }

    /// The eight groups of 16 bits.
    var groups: [8 of UInt16] {
        InlineArray { index in
            UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index & 3)))
        }
    }

    /// Appends the text of RFC 5952: lower case, the longest run of two or more zero groups as `::`.
    public func append(to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: Self.longestText) { append(to: &$0) }
    }

    /// Appends the text of RFC 5952, at most ``longestText`` bytes.
    package func append(to bytes: inout ByteOutput) {
        let groups = groups
        var longest = 0..<0
        var start = 0
        for index in 0..<8 {
            if groups[index] != 0 {
                start = index + 1
            } else if index + 1 - start > max(longest.count, 1) {
                longest = start..<index + 1
            }
        }
        var index = 0
        while index < 8 {
            if index == longest.lowerBound, !longest.isEmpty {
                bytes.append(UInt8(ascii: ":"))
                bytes.append(UInt8(ascii: ":"))
                index = longest.upperBound
                continue
            }
            if index > 0, index != longest.upperBound || longest.isEmpty { bytes.append(UInt8(ascii: ":")) }
            Self.append(hexadecimal: groups[index], to: &bytes)
            index += 1
        }
    }

    /// The length of eight groups of four digits.
    static let longestText = 39

    private static func append(hexadecimal group: UInt16, to bytes: inout ByteOutput) {
        var shift = 12
        while shift > 0, group >> UInt16(shift) == 0 { shift -= 4 }
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: group >> UInt16(shift)) & 0xf
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            shift -= 4
        }
    }
}
