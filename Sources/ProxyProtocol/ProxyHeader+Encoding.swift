// SPDX-License-Identifier: Apache-2.0

package import Addresses

extension ProxyHeader {
    /// An upper bound for the bytes that ``append(to:checksum:)`` appends.
    package static let longestEncoding =
        BinaryHeader.fixedLength + 2 * BinaryHeader.unixLength + 3 * BinaryHeader.fieldHeaderLength
        + longestUniqueID + longestAuthority + 4

    /// Appends the header in the format of its ``version``.
    ///
    /// Version 1 has addresses of IP streams and is UNKNOWN otherwise. Version 2 has IP and Unix addresses. If one address is
    /// IPv4 and the other IPv6, both are written as IPv6. Addresses that the version does not have are left out; so is a unique
    /// ID or an authority that exceeds the limit.
    ///
    /// - Parameter checksum: whether version 2 gets a CRC32c at its end.
    public func append(to bytes: inout [UInt8], checksum: Bool = false) {
        bytes.append(addingCapacity: Self.longestEncoding) { append(to: &$0, checksum: checksum) }
    }

    /// Appends the header, at most ``longestEncoding`` bytes.
    package func append(to bytes: inout ByteOutput, checksum: Bool = false) {
        switch version {
        case .v1: appendText(to: &bytes)
        case .v2: appendBinary(to: &bytes, checksum: checksum)
        }
    }

    /// The addresses in a form that the version has.
    private enum Addresses {
        case none
        case inet(IPv4Address, IPv4Address, ports: (UInt16, UInt16))
        case inet6(IPv6Address, IPv6Address, ports: (UInt16, UInt16))
        case unix(SocketAddress, SocketAddress)

        var family: BinaryHeader.Family {
            switch self {
            case .none: .unspecified
            case .inet: .inet
            case .inet6: .inet6
            case .unix: .unix
            }
        }
    }

    private var addresses: Addresses {
        guard let source = source?.canonical, let destination = destination?.canonical, transport != .unspecified
        else { return .none }
        switch (source, destination) {
        case (.ipv4(let from, let fromPort), .ipv4(let to, let toPort)):
            return .inet(from, to, ports: (fromPort, toPort))
        case (.ipv4(let from, let fromPort), .ipv6(let to, let toPort, _)):
            return .inet6(IPv6Address(mapping: from), to, ports: (fromPort, toPort))
        case (.ipv6(let from, let fromPort, _), .ipv4(let to, let toPort)):
            return .inet6(from, IPv6Address(mapping: to), ports: (fromPort, toPort))
        case (.ipv6(let from, let fromPort, _), .ipv6(let to, let toPort, _)):
            return .inet6(from, to, ports: (fromPort, toPort))
        default:
            return Self.isUnix(source) && Self.isUnix(destination) ? .unix(source, destination) : .none
        }
    }

    /// Whether an address is a Unix address that fits: a truncated one would be another address.
    private static func isUnix(_ address: SocketAddress) -> Bool {
        switch address {
        case .unix(let path): path.count <= BinaryHeader.unixLength
        case .abstract(let name): name.count < BinaryHeader.unixLength
        case .unnamed: true
        default: false
        }
    }

    // MARK: Version 1

    private func appendText(to bytes: inout ByteOutput) {
        switch transport == .stream ? addresses : .none {
        case .inet(let source, let destination, let ports):
            bytes.append("PROXY TCP4 ")
            source.append(to: &bytes)
            bytes.append(UInt8(ascii: " "))
            destination.append(to: &bytes)
            Self.append(ports, to: &bytes)
        case .inet6(let source, let destination, let ports):
            bytes.append("PROXY TCP6 ")
            source.append(to: &bytes)
            bytes.append(UInt8(ascii: " "))
            destination.append(to: &bytes)
            Self.append(ports, to: &bytes)
        case .unix, .none:
            bytes.append("PROXY UNKNOWN")
        }
        bytes.append("\r\n")
    }

    private static func append(_ ports: (UInt16, UInt16), to bytes: inout ByteOutput) {
        bytes.append(UInt8(ascii: " "))
        bytes.append(decimal: UInt64(ports.0))
        bytes.append(UInt8(ascii: " "))
        bytes.append(decimal: UInt64(ports.1))
    }

    // MARK: Version 2

    private func appendBinary(to bytes: inout ByteOutput, checksum: Bool) {
        let start = bytes.count
        let addresses = command == .local ? .none : addresses
        let uniqueIDLength = uniqueID?.encodedLength ?? 0
        let authority = authority.flatMap { $0.count <= Self.longestAuthority ? $0 : nil }
        let length =
            addresses.family.addressLength + uniqueIDLength
            + (authority.map { BinaryHeader.fieldHeaderLength + $0.count } ?? 0)
            + (checksum ? BinaryHeader.fieldHeaderLength + 4 : 0)

        bytes.append(BinaryHeader.signature)
        bytes.append(BinaryHeader.version | (command == .local ? 0 : BinaryHeader.proxyCommand))
        bytes.append(addresses.family.rawValue | binaryTransport(of: addresses).rawValue)
        bytes.append(network: UInt16(truncatingIfNeeded: length))
        Self.append(addresses, to: &bytes)
        if uniqueIDLength > 0 { uniqueID?.append(to: &bytes) }
        if let authority {
            bytes.append(field: .authority, length: authority.count)
            bytes.append(bytes: authority)
        }
        if checksum { Self.appendChecksum(from: start, to: &bytes) }
    }

    private func binaryTransport(of addresses: Addresses) -> BinaryHeader.Transport {
        if case .none = addresses { return .unspecified }
        return transport == .datagram ? .datagram : .stream
    }

    private static func append(_ addresses: Addresses, to bytes: inout ByteOutput) {
        switch addresses {
        case .none:
            break
        case .inet(let source, let destination, let ports):
            bytes.append(network: source.value)
            bytes.append(network: destination.value)
            bytes.append(network: ports.0)
            bytes.append(network: ports.1)
        case .inet6(let source, let destination, let ports):
            bytes.append(network: source.high)
            bytes.append(network: source.low)
            bytes.append(network: destination.high)
            bytes.append(network: destination.low)
            bytes.append(network: ports.0)
            bytes.append(network: ports.1)
        case .unix(let source, let destination):
            append(unix: source, to: &bytes)
            append(unix: destination, to: &bytes)
        }
    }

    private static func append(unix address: SocketAddress, to bytes: inout ByteOutput) {
        let end = bytes.count + BinaryHeader.unixLength
        switch address {
        case .unix(let path):
            bytes.append(bytes: path)
        case .abstract(let name):
            bytes.append(0)
            bytes.append(bytes: name)
        default:
            break
        }
        bytes.append(repeating: 0, count: end - bytes.count)
    }

    /// Appends the checksum of everything since `start`, with the checksum itself counted as zeros.
    private static func appendChecksum(from start: Int, to bytes: inout ByteOutput) {
        bytes.append(field: .checksum, length: 4)
        var checksum = CRC32C()
        for index in start..<bytes.count { checksum.add(bytes.span[index]) }
        checksum.addZeros(4)
        bytes.append(network: checksum.value)
    }
}

extension ProxyUniqueID {
    /// The length of the field; 0 if it exceeds the limit, so it is left out.
    fileprivate var encodedLength: Int {
        switch self {
        case .trail(let trail): BinaryHeader.fieldHeaderLength + trail.textLength
        case .foreign(let bytes):
            bytes.count <= ProxyHeader.longestUniqueID ? BinaryHeader.fieldHeaderLength + bytes.count : 0
        }
    }

    fileprivate func append(to bytes: inout ByteOutput) {
        bytes.append(field: .uniqueID, length: encodedLength - BinaryHeader.fieldHeaderLength)
        switch self {
        case .trail(let trail): trail.append(to: &bytes)
        case .foreign(let id): bytes.append(bytes: id)
        }
    }
}

extension IPv6Address {
    /// The IPv4-mapped address (RFC 4291 section 2.5.5.2).
    fileprivate init(mapping address: IPv4Address) {
        self.init(high: 0, low: 0xffff_0000_0000 | UInt64(address.value))
    }
}

extension ByteOutput {
    /// Appends a number in network byte order.
    fileprivate mutating func append(network number: some FixedWidthInteger & UnsignedInteger) {
        for place in stride(from: number.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: number >> place))
        }
    }

    /// Appends the type and the length of a field.
    fileprivate mutating func append(field type: BinaryHeader.FieldType, length: Int) {
        append(type.rawValue)
        append(network: UInt16(truncatingIfNeeded: length))
    }
}
