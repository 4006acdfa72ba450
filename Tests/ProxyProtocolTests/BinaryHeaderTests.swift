// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@testable import ProxyProtocol

/// Version 2, section 2.2 of the specification.
@Suite struct BinaryHeaderTests {
    /// A header and what it says.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let header: ProxyHeader

        init(_ name: String, _ bytes: [UInt8], _ header: ProxyHeader) {
            self.name = name
            self.bytes = bytes
            self.header = header
        }

        var testDescription: String { name }
    }

    private static let inet = ProxyHeader(
        version: .v2, transport: .stream, source: inetSource, destination: inetDestination)
    private static let unspecified = ProxyHeader(version: .v2)
    private static let local = ProxyHeader(version: .v2, command: .local)
    private static let trail = ConnectionTrail(instance: 0xdead_beef, connection: 42)

    private static func inet(uniqueID: [UInt8]? = nil, authority: [UInt8]? = nil) -> ProxyHeader {
        var header = inet
        header.uniqueID = uniqueID.map { .foreign($0) }
        header.authority = authority
        return header
    }

    private static func unix(_ source: SocketAddress, _ destination: SocketAddress) -> ProxyHeader {
        ProxyHeader(version: .v2, transport: .stream, source: source, destination: destination)
    }

    private static func trailed(_ header: ProxyHeader) -> ProxyHeader {
        var header = header
        header.uniqueID = .trail(trail)
        return header
    }

    private static let trailField = field(0x05, ascii("usherd/1/1/00000000deadbeef/42"))
    private static let longestPath = Array(repeating: UInt8(ascii: "p"), count: 108)

    private static let addressCases = [
        Case("TCP over IPv4", binary(0x21, 0x11, inetBytes), inet),
        Case(
            "UDP over IPv4", binary(0x21, 0x12, inetBytes),
            ProxyHeader(version: .v2, transport: .datagram, source: inetSource, destination: inetDestination)),
        Case(
            "TCP over IPv6", binary(0x21, 0x21, inet6Bytes),
            ProxyHeader(version: .v2, transport: .stream, source: inet6Source, destination: inet6Destination)),
        Case(
            "UDP over IPv6", binary(0x21, 0x22, inet6Bytes),
            ProxyHeader(version: .v2, transport: .datagram, source: inet6Source, destination: inet6Destination)),
        Case(
            "IPv4-mapped addresses",
            binary(0x21, 0x21, Array(repeating: 0, count: 10) + [0xff, 0xff, 192, 0, 2, 1] + inet6Bytes[16...]),
            ProxyHeader(version: .v2, transport: .stream, source: inetSource, destination: inet6Destination)),
        Case(
            "Unix stream", binary(0x21, 0x31, sunPath([]) + sunPath(ascii("/run/x"))),
            unix(.unnamed, .unix(path: ascii("/run/x")))),
        Case(
            "Unix datagram", binary(0x21, 0x32, sunPath(ascii("\0a\0b")) + sunPath([])),
            ProxyHeader(
                version: .v2, transport: .datagram, source: .abstract(name: ascii("a\0b")), destination: .unnamed)),
        Case(
            "a Unix path without a NUL, and one with more behind it",
            binary(0x21, 0x31, longestPath + sunPath(ascii("/a\0b"))),
            unix(.unix(path: longestPath), .unix(path: ascii("/a")))),
        Case(
            "a Unix name of full length", binary(0x21, 0x31, sunPath([]) + [0] + longestPath[1...]),
            unix(.unnamed, .abstract(name: Array(longestPath[1...])))),
    ]

    private static let emptyCases = [
        Case("LOCAL", binary(0x20, 0x00), local),
        Case("LOCAL with addresses", binary(0x20, 0x11, inetBytes), local),
        Case("LOCAL with fewer bytes than addresses", binary(0x20, 0x31, [1, 2, 3]), local),
        Case("LOCAL of a family and a transport that are none", binary(0x20, 0xff, [1, 2, 3]), local),
        Case("LOCAL with a unique ID, as HAProxy sends", binary(0x20, 0x00, trailField), trailed(local)),
        Case("LOCAL with addresses and a unique ID", binary(0x20, 0x11, inetBytes + trailField), trailed(local)),
        Case("LOCAL with what are no fields", binary(0x20, 0x00, trailField + [0]), local),
        Case("UNSPEC", binary(0x21, 0x00), unspecified),
        Case("UNSPEC with a unique ID", binary(0x21, 0x00, trailField), trailed(unspecified)),
        Case("UNSPEC with what are no fields", binary(0x21, 0x00, [1, 2, 3, 4]), unspecified),
        Case("a transport without a family", binary(0x21, 0x01, inetBytes), unspecified),
        Case("a family without a transport", binary(0x21, 0x10, inetBytes), unspecified),
        Case(
            "a family without a transport and a unique ID", binary(0x21, 0x20, inet6Bytes + trailField),
            trailed(unspecified)),
        Case("a family without a transport or addresses", binary(0x21, 0x30), unspecified),
    ]

    private static let fieldCases = [
        Case("our trail", binary(0x21, 0x11, inetBytes + trailField), trailed(inet)),
        Case(
            "any unique ID", binary(0x21, 0x11, inetBytes + field(0x05, [0, 255, 10])), inet(uniqueID: [0, 255, 10])),
        Case("an empty unique ID", binary(0x21, 0x11, inetBytes + field(0x05, [])), inet(uniqueID: [])),
        Case(
            "the longest unique ID",
            binary(0x21, 0x11, inetBytes + field(0x05, Array(repeating: 7, count: 128))),
            inet(uniqueID: Array(repeating: 7, count: 128))),
        Case(
            "the longest authority",
            binary(0x21, 0x11, inetBytes + field(0x02, Array(repeating: 0x61, count: 255))),
            inet(authority: Array(repeating: 0x61, count: 255))),
        Case(
            "fields that mean nothing here",
            binary(
                0x21, 0x11,
                inetBytes + field(0x01, ascii("h2")) + field(0x04, []) + field(0x04, [0, 0, 0])
                    + field(0x02, ascii("www.example.com")) + field(0x20, [1, 0, 0, 0, 0])
                    + field(0x30, ascii("blue")) + field(0xea, [1]) + field(0xff, Array(repeating: 0, count: 300))),
            inet(authority: ascii("www.example.com"))),
        // HAProxy 2.6 takes these two, and refuses them with the bytes of the checksum the other way round.
        Case("a checksum", binary(0x21, 0x11, inetBytes + field(0x03, [0xd6, 0xc8, 0xc7, 0x5f])), inet),
        Case(
            "a checksum behind a field",
            binary(0x21, 0x11, inetBytes + field(0x05, ascii("ab")) + field(0x03, [0x55, 0x16, 0x2e, 0xca])),
            inet(uniqueID: ascii("ab"))),
    ]

    static let cases = addressCases + emptyCases + fieldCases

    @Test(arguments: cases)
    func `a version 2 header is read`(_ example: Case) {
        for rest in ["", "\r\n\r\n\0\r\nQUIT\n", "GET / HTTP/1.1\r\n"] {
            let outcome = ProxyOutcome((example.bytes + ascii(rest))[...])
            #expect(outcome == .complete(example.header, length: example.bytes.count))
        }
    }

    @Test(arguments: cases)
    func `a version 2 header is incomplete until its last byte`(_ example: Case) {
        for count in 0..<example.bytes.count { #expect(ProxyOutcome(example.bytes[..<count]) == .incomplete) }
        #expect(proxyHeaderInvariantFailures(of: example.bytes) == [])
    }

    /// What is wrong, and how many bytes it takes to see it.
    static let mistakes: [(bytes: [UInt8], after: Int, mistake: ProxyHeaderMistake)] = [
        (ascii("\r\n\r\n\0\r\nQUIT\r\n"), 12, .noHeader), (ascii("\r\n\r\n\0\r\nQUIP\n"), 11, .noHeader),
        (ascii("\r\n\r\n\r\n\0\r\nQUIT\n"), 5, .noHeader), (ascii("\r\r"), 2, .noHeader), (ascii("\n"), 1, .noHeader),

        (binary(0x11, 0x11, inetBytes), 13, .unsupportedVersion), (binary(0x31, 0x11), 13, .unsupportedVersion),
        (binary(0x01, 0x11), 13, .unsupportedVersion), (binary(0xf0, 0x00), 13, .unsupportedVersion),
        (binary(0x22, 0x11, inetBytes), 13, .unsupportedCommand), (binary(0x2f, 0x00), 13, .unsupportedCommand),
        (binary(0x21, 0x41, inetBytes), 14, .unsupportedFamily), (binary(0x21, 0xf0), 14, .unsupportedFamily),
        (binary(0x21, 0x13, inetBytes), 14, .unsupportedTransport), (binary(0x21, 0x0f), 14, .unsupportedTransport),

        (binary(0x21, 0x11, Array(inetBytes.dropLast())), 16, .addressesCutOff),
        (binary(0x21, 0x11), 16, .addressesCutOff),
        (binary(0x21, 0x12, [1]), 16, .addressesCutOff), (binary(0x21, 0x21, inetBytes), 16, .addressesCutOff),
        (binary(0x21, 0x31, Array(sunPath([]) + sunPath([]).dropLast())), 16, .addressesCutOff),

        (binary(0x21, 0x11, inetBytes + [4]), 29, .fieldCutOff),
        (binary(0x21, 0x11, inetBytes + [4, 0]), 30, .fieldCutOff),
        (binary(0x21, 0x11, inetBytes + [4, 0, 1]), 31, .fieldCutOff),
        (binary(0x21, 0x11, inetBytes + [4, 0xff, 0xff, 1]), 32, .fieldCutOff),
        (binary(0x21, 0x11, inetBytes + field(4, []) + [4, 0, 2, 1]), 35, .fieldCutOff),

        (binary(0x21, 0x11, inetBytes + field(5, [1]) + field(5, [1])), 36, .repeatedField),
        (binary(0x21, 0x11, inetBytes + field(2, [1]) + field(2, [2])), 36, .repeatedField),
        (
            binary(0x21, 0x11, inetBytes + field(3, [0, 0, 0, 0]) + field(3, [0, 0, 0, 0])), 42, .repeatedField
        ),
        (
            binary(0x21, 0x11, inetBytes + field(5, Array(repeating: 1, count: 129))), 28 + 132, .uniqueIDTooLong
        ),
        (
            binary(0x21, 0x11, inetBytes + field(2, Array(repeating: 1, count: 256))), 28 + 259, .authorityTooLong
        ),
        (binary(0x21, 0x11, inetBytes + field(3, [])), 31, .badChecksumField),
        (binary(0x21, 0x11, inetBytes + field(3, [0xd6, 0xc8, 0xc7])), 34, .badChecksumField),
        (binary(0x21, 0x11, inetBytes + field(3, [0xd6, 0xc8, 0xc7, 0x5f, 0])), 36, .badChecksumField),
        (binary(0x21, 0x11, inetBytes + field(3, [0x5f, 0xc7, 0xc8, 0xd6])), 35, .checksumMismatch),
        (binary(0x20, 0x11, inetBytes + field(3, [0xd6, 0xc8, 0xc7, 0x5f])), 35, .checksumMismatch),
        (binary(0x21, 0x00, field(3, [0, 0, 0, 0])), 23, .checksumMismatch),

        // 4096 bytes are taken, but not one more.
        (binary(0x21, 0x11, Array(repeating: 0, count: 4081)), 16, .tooLong),
        (binary(0x20, 0x00, Array(repeating: 0, count: 4096)), 15, .tooLong),
        (binary(0x21, 0x11, Array(repeating: 0, count: 0xffff)), 15, .tooLong),
    ]

    @Test(arguments: mistakes)
    func `an invalid version 2 header is refused as early as possible`(
        bytes: [UInt8], after: Int, mistake: ProxyHeaderMistake
    ) {
        #expect(ProxyOutcome(bytes[..<(after - 1)]) == .incomplete)
        for count in after...min(bytes.count, after + 16) {
            #expect(ProxyOutcome(bytes[..<count]) == .mistake(mistake))
        }
        #expect(ProxyOutcome(bytes[...]) == .mistake(mistake))
    }

    @Test func `the length is limited by the caller`() {
        let longest = binary(0x21, 0x11, inetBytes + field(4, Array(repeating: 0, count: 4096 - 31)))
        #expect(longest.count == ProxyHeader.defaultLongest)
        #expect(ProxyOutcome(longest[...]) == .complete(Self.inet, length: longest.count))
        #expect(ProxyOutcome(longest[...], longest: 4095) == .mistake(.tooLong))
        let most = binary(0x21, 0x11, inetBytes + field(4, Array(repeating: 0, count: 0xffff - 15)))
        #expect(ProxyOutcome(most[...], longest: .max) == .complete(Self.inet, length: 16 + 0xffff))
        #expect(ProxyOutcome(binary(0x20, 0x00)[...], longest: 16) == .complete(Self.local, length: 16))
        #expect(ProxyOutcome(binary(0x20, 0x00)[...], longest: 0) == .mistake(.tooLong))
    }
}
