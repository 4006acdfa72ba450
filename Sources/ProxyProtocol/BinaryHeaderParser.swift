// SPDX-License-Identifier: Apache-2.0

import Addresses

/// Parses a header of version 2 (section 2.2).
enum BinaryHeaderParser {
    /// Parses bytes that begin with the signature.
    static func parse(_ bytes: RawSpan, longest: Int) throws(ProxyHeaderMistake) -> ProxyHeaderProgress {
        guard let kind = try Kind(bytes) else { return .incomplete }
        // The high byte of the length alone may already exceed the limit.
        guard bytes.byteCount > 14 else { return .incomplete }
        guard BinaryHeader.fixedLength + Int(bytes.byte(at: 14)) << 8 <= longest else { throw .tooLong }
        guard bytes.byteCount >= BinaryHeader.fixedLength else { return .incomplete }
        let length = BinaryHeader.fixedLength + Int(bytes.uint16(at: 14))
        guard length <= longest else { throw .tooLong }
        let fieldStart = BinaryHeader.fixedLength + (kind.family?.addressLength ?? 0)
        guard !kind.hasAddresses || fieldStart <= length else { throw .addressesCutOff }
        guard bytes.byteCount >= length else { return .incomplete }

        let header = bytes.extracting(0..<length)
        var result = ProxyHeader(version: .v2, command: kind.command)
        if kind.hasAddresses {
            result.transport = kind.transport == .datagram ? .datagram : .stream
            (result.source, result.destination) = addresses(of: kind.family, in: header)
        }
        let fields = try fields(of: kind, from: fieldStart, in: header)
        result.uniqueID = fields.uniqueID
        result.authority = fields.authority
        return .complete(result, length: length)
    }

    /// The meaning of the two bytes after the signature.
    private struct Kind {
        let command: ProxyHeader.Command
        /// Nil if the value is unknown, which is allowed for LOCAL.
        let family: BinaryHeader.Family?
        let transport: BinaryHeader.Transport?

        /// Nil if not both bytes have been received.
        init?(_ bytes: RawSpan) throws(ProxyHeaderMistake) {
            guard bytes.byteCount > 12 else { return nil }
            guard bytes.byte(at: 12) & 0xf0 == BinaryHeader.version else { throw .unsupportedVersion }
            guard bytes.byte(at: 12) & 0x0f <= BinaryHeader.proxyCommand else { throw .unsupportedCommand }
            command = bytes.byte(at: 12) & 0x0f == BinaryHeader.proxyCommand ? .proxy : .local
            guard bytes.byteCount > 13 else { return nil }
            family = BinaryHeader.Family(rawValue: bytes.byte(at: 13) & 0xf0)
            transport = BinaryHeader.Transport(rawValue: bytes.byte(at: 13) & 0x0f)
            // With LOCAL the family is ignored, whatever its value.
            guard command == .proxy else { return }
            guard family != nil else { throw .unsupportedFamily }
            guard transport != nil else { throw .unsupportedTransport }
        }

        /// Whether the header has addresses that are to be used.
        var hasAddresses: Bool {
            command == .proxy && family != .unspecified && transport != .unspecified
        }
    }

    // MARK: Addresses

    private static func addresses(
        of family: BinaryHeader.Family?, in header: RawSpan
    ) -> (source: SocketAddress?, destination: SocketAddress?) {
        let start = BinaryHeader.fixedLength
        switch family {
        case .inet:
            return (
                .ipv4(IPv4Address(header.uint32(at: start)), port: header.uint16(at: start + 8)),
                .ipv4(IPv4Address(header.uint32(at: start + 4)), port: header.uint16(at: start + 10))
            )
        case .inet6:
            return (
                inet6(in: header, at: start, portAt: start + 32), inet6(in: header, at: start + 16, portAt: start + 34)
            )
        case .unix:
            return (unix(in: header, at: start), unix(in: header, at: start + BinaryHeader.unixLength))
        case .unspecified, nil:
            return (nil, nil)
        }
    }

    private static func inet6(in header: RawSpan, at offset: Int, portAt portOffset: Int) -> SocketAddress {
        let address = IPv6Address(high: header.uint64(at: offset), low: header.uint64(at: offset + 8))
        return SocketAddress.ipv6(address, port: header.uint16(at: portOffset), scope: 0).canonical
    }

    /// Parses a `sun_path`: a path up to its first NUL, or an abstract name after a NUL.
    ///
    /// The header has no length for a name, so NULs at the end of a name are lost.
    private static func unix(in header: RawSpan, at start: Int) -> SocketAddress {
        var end = start + BinaryHeader.unixLength
        if header.byte(at: start) != 0 {
            let path = start..<end
            return .unix(path: header.array(start..<(path.first { header.byte(at: $0) == 0 } ?? end)))
        }
        while end > start, header.byte(at: end - 1) == 0 { end -= 1 }
        return end > start ? .abstract(name: header.array(start + 1..<end)) : .unnamed
    }

    // MARK: Fields

    /// The values of the known fields.
    private struct Fields {
        var uniqueID: ProxyUniqueID?
        var authority: [UInt8]?
        /// The offset of the four bytes of the checksum.
        var checksum: Int?
    }

    private static func fields(
        of kind: Kind, from start: Int, in header: RawSpan
    ) throws(ProxyHeaderMistake) -> Fields {
        var fields = Fields()
        if kind.hasAddresses {
            fields = try read(from: start, in: header)
        } else if kind.family != nil, let readable = try? read(from: start, in: header) {
            // Without addresses to use, the rest of the header may be ignored. But a relay puts its unique ID and authority here
            // for a client without an IP address, so the rest is used if it parses as fields.
            fields = readable
        }
        if let checksum = fields.checksum, header.uint32(at: checksum) != self.checksum(of: header, at: checksum) {
            throw .checksumMismatch
        }
        return fields
    }

    private static func read(from start: Int, in header: RawSpan) throws(ProxyHeaderMistake) -> Fields {
        var fields = Fields()
        var offset = start
        guard offset <= header.byteCount else { throw .addressesCutOff }
        while offset < header.byteCount {
            let valueStart = offset + BinaryHeader.fieldHeaderLength
            guard valueStart <= header.byteCount else { throw .fieldCutOff }
            let end = valueStart + Int(header.uint16(at: offset + 1))
            guard end <= header.byteCount else { throw .fieldCutOff }
            if let type = BinaryHeader.FieldType(rawValue: header.byte(at: offset)) {
                try take(type, valueStart..<end, of: header, into: &fields)
            }
            offset = end
        }
        return fields
    }

    private static func take(
        _ type: BinaryHeader.FieldType, _ value: Range<Int>, of header: RawSpan, into fields: inout Fields
    ) throws(ProxyHeaderMistake) {
        switch type {
        case .uniqueID:
            guard fields.uniqueID == nil else { throw .repeatedField }
            guard value.count <= ProxyHeader.longestUniqueID else { throw .uniqueIDTooLong }
            fields.uniqueID = uniqueID(value, of: header)
        case .authority:
            guard fields.authority == nil else { throw .repeatedField }
            guard value.count <= ProxyHeader.longestAuthority else { throw .authorityTooLong }
            fields.authority = header.array(value)
        case .checksum:
            guard fields.checksum == nil else { throw .repeatedField }
            guard value.count == 4 else { throw .badChecksumField }
            fields.checksum = value.lowerBound
        }
    }

    private static func uniqueID(_ value: Range<Int>, of header: RawSpan) -> ProxyUniqueID {
        // unsafe: the pointer lives for the call of the closure, and extracting checks the range.
        let trail = unsafe header.extracting(value).withUnsafeBytes { unsafe ConnectionTrail(parsing: $0) }
        return trail.map { .trail($0) } ?? .foreign(header.array(value))
    }

    /// The checksum of a header, with the checksum itself counted as zeros.
    private static func checksum(of header: RawSpan, at place: Int) -> UInt32 {
        var checksum = CRC32C()
        checksum.add(header.extracting(0..<place))
        checksum.addZeros(4)
        checksum.add(header.extracting(place + 4..<header.byteCount))
        return checksum.value
    }
}
