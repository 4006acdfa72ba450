// SPDX-License-Identifier: Apache-2.0

/// A network of IP addresses: all addresses with the same prefix (RFC 4632, RFC 4291 section 2.3).
///
/// IPv4 and IPv6 are separate: `::/0` contains no IPv4 address in any form. An IPv4-mapped address or network counts as IPv4.
public struct IPNetwork: Hashable, Sendable {
    private enum Base: Hashable, Sendable {
        case ipv4(IPv4Address)
        case ipv6(IPv6Address)
    }

    /// The lowest address: the bits after the prefix are zero.
    private let base: Base

    /// The number of common leading bits: up to 32 for IPv4, up to 128 for IPv6.
    public let prefixLength: Int

    /// Makes the network with this prefix length that contains an IPv4 address; its other bits are ignored.
    ///
    /// - Precondition: the prefix has 0 to 32 bits.
    public init(around address: IPv4Address, prefixLength: Int) {
        precondition((0...32).contains(prefixLength), "an IPv4 prefix has up to 32 bits")
        base = .ipv4(IPv4Address(address.value & Self.mask32(prefixLength)))
        self.prefixLength = prefixLength
    }

    /// Makes the network with this prefix length that contains an IPv6 address; its other bits are ignored.
    ///
    /// - Precondition: the prefix has 0 to 128 bits.
    public init(around address: IPv6Address, prefixLength: Int) {
        precondition((0...128).contains(prefixLength), "an IPv6 prefix has up to 128 bits")
        if let mapped = address.mappedIPv4, prefixLength >= 96 {
            self.init(around: mapped, prefixLength: prefixLength - 96)
            return
        }
        self.init(base: .ipv6(Self.masked(address, prefixLength)), prefixLength: prefixLength)
    }

    private init(base: Base, prefixLength: Int) {
        self.base = base
        self.prefixLength = prefixLength
    }

    /// Whether the network contains an address. Port and scope are ignored; an address that is not IP is in no network.
    public func contains(_ address: SocketAddress) -> Bool {
        switch (base, address.canonical) {
        case (.ipv4(let base), .ipv4(let address, _)):
            address.value & Self.mask32(prefixLength) == base.value
        case (.ipv6(let base), .ipv6(let address, _, _)):
            Self.masked(address, prefixLength) == base
        default:
            false
        }
    }

    /// Whether an address has no bits after the prefix, so that it is the base of the network.
    func isBase(_ address: IPv4Address) -> Bool { base == .ipv4(address) }

    /// As above.
    func isBase(_ address: IPv6Address) -> Bool {
        if case .ipv4(let own) = base { return address.mappedIPv4 == own }
        return base == .ipv6(address)
    }

    private static func mask32(_ length: Int) -> UInt32 { ~0 << UInt32(32 - length) }

    private static func masked(_ address: IPv6Address, _ length: Int) -> IPv6Address {
        let high: UInt64 = ~0 << UInt64(64 - min(length, 64))
        let low: UInt64 = ~0 << UInt64(128 - max(length, 64))
        return IPv6Address(high: address.high & high, low: address.low & low)
    }
}

extension IPNetwork: CustomStringConvertible {
    /// The canonical text, which parses to the same value: `10.0.0.0/8`, and for a single address `127.0.0.1`.
    public var description: String {
        var bytes: [UInt8] = []
        let longest: Int
        switch base {
        case .ipv4(let address):
            address.append(to: &bytes)
            longest = 32
        case .ipv6(let address):
            address.append(to: &bytes)
            longest = 128
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return prefixLength == longest ? text : "\(text)/\(prefixLength)"
    }
}
