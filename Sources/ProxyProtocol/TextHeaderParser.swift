// SPDX-License-Identifier: Apache-2.0

import Addresses

/// Parses a header of version 1: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443` with CR and LF (section 2.1).
struct TextHeaderParser {
    /// The most bytes of a line, with its CR and LF.
    static let longest = 107

    /// The offset of the next field.
    private var offset = 0

    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")

    static func parse(_ bytes: RawSpan) throws(ProxyHeaderMistake) -> ProxyHeaderProgress {
        var parser = TextHeaderParser()
        guard let header = try parser.line(bytes) else {
            // The last two of these bytes must be the CR and LF.
            let endsInTime =
                bytes.byteCount < longest - 1
                || bytes.byteCount == longest - 1 && bytes.byte(at: longest - 2) == carriageReturn
            guard endsInTime else { throw .lineTooLong }
            return .incomplete
        }
        guard parser.offset <= longest else { throw .lineTooLong }
        return .complete(header, length: parser.offset)
    }

    /// Parses the line; nil if it is incomplete.
    private mutating func line(_ bytes: RawSpan) throws(ProxyHeaderMistake) -> ProxyHeader? {
        guard try skip("PROXY ", in: bytes, else: .noHeader) else { return nil }
        switch bytes.match("UNKNOWN", at: offset) {
        case .whole: return try unknown(bytes)
        case .soFar: return nil
        case .differs: break
        }
        guard try skip("TCP", in: bytes, else: .unknownProtocol), offset < bytes.byteCount else { return nil }
        switch bytes.byte(at: offset) {
        case UInt8(ascii: "4"): return try addresses(of: .inet, in: bytes)
        case UInt8(ascii: "6"): return try addresses(of: .inet6, in: bytes)
        default: throw .unknownProtocol
        }
    }

    /// Skips a literal; false if it is incomplete.
    private mutating func skip(
        _ literal: StaticString, in bytes: RawSpan, else mistake: ProxyHeaderMistake
    ) throws(ProxyHeaderMistake) -> Bool {
        switch bytes.match(literal, at: offset) {
        case .whole:
            offset += literal.utf8CodeUnitCount
            return true
        case .soFar: return false
        case .differs: throw mistake
        }
    }

    // MARK: UNKNOWN

    /// Parses a line without addresses. The text between UNKNOWN and the end of the line is ignored.
    private mutating func unknown(_ bytes: RawSpan) throws(ProxyHeaderMistake) -> ProxyHeader? {
        offset += 7
        guard offset < bytes.byteCount else { return nil }
        if bytes.byte(at: offset) == Self.carriageReturn {
            guard try skip("\r\n", in: bytes, else: .badLineEnd) else { return nil }
            return ProxyHeader(version: .v1)
        }
        guard bytes.byte(at: offset) == Self.space else { throw .unknownProtocol }
        for end in offset..<min(bytes.byteCount, Self.longest)
        where bytes.byte(at: end) == Self.lineFeed && bytes.byte(at: end - 1) == Self.carriageReturn {
            offset = end + 1
            return ProxyHeader(version: .v1)
        }
        return nil
    }

    // MARK: TCP4 and TCP6

    /// Parses the rest of the line after `TCP`; nil if it is incomplete.
    private mutating func addresses(
        of family: BinaryHeader.Family, in bytes: RawSpan
    ) throws(ProxyHeaderMistake) -> ProxyHeader? {
        offset += 1
        guard offset < bytes.byteCount else { return nil }
        guard bytes.byte(at: offset) == Self.space else { throw .unknownProtocol }
        offset += 1
        guard let source = try address(of: family, in: bytes), let destination = try address(of: family, in: bytes),
            let sourcePort = try port(in: bytes, upTo: Self.space),
            let destinationPort = try port(in: bytes, upTo: Self.carriageReturn), offset < bytes.byteCount
        else { return nil }
        guard bytes.byte(at: offset) == Self.lineFeed else { throw .badLineEnd }
        offset += 1
        return ProxyHeader(
            version: .v1, transport: .stream, source: source.with(port: sourcePort).canonical,
            destination: destination.with(port: destinationPort).canonical)
    }

    /// Parses an address without its port, and the space after it; nil if it is incomplete.
    private mutating func address(
        of family: BinaryHeader.Family, in bytes: RawSpan
    ) throws(ProxyHeaderMistake) -> SocketAddress? {
        let start = offset
        let longest = family == .inet ? 15 : 45
        while offset < bytes.byteCount, bytes.byte(at: offset) != Self.space {
            guard Self.isAddress(bytes.byte(at: offset), of: family), offset - start < longest else {
                throw .badAddress
            }
            offset += 1
        }
        guard offset < bytes.byteCount else { return nil }
        // unsafe: the pointer lives for the call of the closure, and extracting checks the range.
        let address = unsafe bytes.extracting(start..<offset).withUnsafeBytes { text -> SocketAddress? in
            switch family {
            case .inet: unsafe IPv4Address(parsing: text).map { .ipv4($0, port: 0) }
            default: unsafe IPv6Address(parsing: text).map { .ipv6($0, port: 0, scope: 0) }
            }
        }
        guard let address else { throw .badAddress }
        offset += 1
        return address
    }

    private static func isAddress(_ byte: UInt8, of family: BinaryHeader.Family) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): true
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: ":"):
            family == .inet6
        default: false
        }
    }

    /// Parses a port and the byte after it; nil if it is incomplete.
    private mutating func port(in bytes: RawSpan, upTo end: UInt8) throws(ProxyHeaderMistake) -> UInt16? {
        let start = offset
        var value: UInt32 = 0
        while offset < bytes.byteCount {
            let byte = bytes.byte(at: offset)
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                // A port has no leading zeros.
                guard value > 0 || offset == start else { throw .badPort }
                value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
                guard value <= UInt16.max else { throw .badPort }
            case end:
                guard offset > start else { throw .badPort }
                offset += 1
                return UInt16(truncatingIfNeeded: value)
            case Self.carriageReturn, Self.lineFeed, Self.space: throw offset > start ? .badLineEnd : .badPort
            default: throw .badPort
            }
            offset += 1
        }
        return nil
    }
}
