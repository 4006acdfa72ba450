// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@testable import ProxyProtocol

/// Version 1, section 2.1 of the specification.
@Suite struct TextHeaderTests {
    static let longest6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

    /// Lines that are right, without their ends, and their addresses.
    static let lines: [(line: String, source: SocketAddress?, destination: SocketAddress?)] = [
        // The example of the specification, and its longest lines.
        ("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443", ipv4(0xc0a8_0001, 56324), ipv4(0xc0a8_000b, 443)),
        ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535", ipv4(.max, 65535), ipv4(.max, 65535)),
        (
            "PROXY TCP6 \(longest6) \(longest6) 65535 65535",
            .ipv6(IPv6Address(high: .max, low: .max), port: 65535, scope: 0),
            .ipv6(IPv6Address(high: .max, low: .max), port: 65535, scope: 0)
        ),
        ("PROXY UNKNOWN", nil, nil),
        ("PROXY UNKNOWN \(longest6) \(longest6) 65535 65535", nil, nil),

        ("PROXY TCP4 0.0.0.0 1.2.3.4 0 1", ipv4(0, 0), ipv4(0x0102_0304, 1)),
        ("PROXY TCP6 2001:db8::1 2001:DB8:0::2 56324 443", inet6Source, inet6Destination),
        ("PROXY TCP6 ::1 :: 1 2", .ipv6(.loopback, port: 1, scope: 0), .ipv6(.any, port: 2, scope: 0)),
        // What HAProxy and we ourselves write of a client of IPv4 and a server of IPv6.
        ("PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 56324 443", inetSource, inet6Destination),
        ("PROXY TCP6 2001:db8::1 ::ffff:c000:202 56324 443", inet6Source, inetDestination),
        ("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 56324 443", inetSource, inetDestination),

        // What follows UNKNOWN is ignored up to CR and LF together.
        ("PROXY UNKNOWN ", nil, nil), ("PROXY UNKNOWN TCP4 1.2.3.4", nil, nil), ("PROXY UNKNOWN a\rb\nc\n\r", nil, nil),
    ]

    @Test(arguments: lines)
    func `a version 1 header is read`(line: String, source: SocketAddress?, destination: SocketAddress?) {
        let bytes = ascii(line + "\r\n")
        let expected = ProxyHeader(
            version: .v1, transport: source == nil ? .unspecified : .stream, source: source, destination: destination)
        for rest in ["", "\r\n", "GET / HTTP/1.1\r\n", "PROXY UNKNOWN\r\n"] {
            #expect(ProxyOutcome((bytes + ascii(rest))[...]) == .complete(expected, length: bytes.count))
        }
    }

    @Test(arguments: lines)
    func `a version 1 header is incomplete until its last byte`(
        line: String, source: SocketAddress?, destination: SocketAddress?
    ) {
        let bytes = ascii(line + "\r\n")
        for count in 0..<bytes.count { #expect(ProxyOutcome(bytes[..<count]) == .incomplete) }
        #expect(proxyHeaderInvariantFailures(of: bytes) == [])
    }

    private static let longestMapped = "0000:0000:0000:0000:0000:ffff:255.255.255.255"

    /// What is wrong, and how many bytes it takes to see it.
    static let mistakes: [(text: String, after: Int, mistake: ProxyHeaderMistake)] = [
        // Clients that send none.
        ("GET / HTTP/1.1\r\n", 1, .noHeader), ("POST / HTTP/1.1\r\n", 2, .noHeader),
        ("\u{16}\u{03}\u{01}", 1, .noHeader),
        ("SSH-2.0-OpenSSH_9.2\r\n", 1, .noHeader), ("PRI * HTTP/2.0\r\n", 3, .noHeader), ("\r\n\r\n\r\n", 5, .noHeader),
        ("proxy TCP4 ", 1, .noHeader), ("PROXY\tTCP4 ", 6, .noHeader), ("PROXY\r\n", 6, .noHeader),
        (" PROXY TCP4 ", 1, .noHeader), ("\0", 1, .noHeader), ("PROXYTCP4", 6, .noHeader),

        ("PROXY  TCP4", 7, .unknownProtocol), ("PROXY UDP4 ", 8, .unknownProtocol),
        ("PROXY tcp4 ", 7, .unknownProtocol),
        ("PROXY TCP5 ", 10, .unknownProtocol), ("PROXY TCP4\t", 11, .unknownProtocol),
        ("PROXY TCP46", 11, .unknownProtocol),
        ("PROXY TCP4\r\n", 11, .unknownProtocol), ("PROXY UNKNOWN\n", 14, .unknownProtocol),
        ("PROXY UNKNOWNS\r\n", 14, .unknownProtocol), ("PROXY UNSPEC\r\n", 9, .unknownProtocol),
        ("PROXY \r\n", 7, .unknownProtocol), ("PROXY UNIX ", 9, .unknownProtocol),
        ("PROXY UNKNOWN\rx", 15, .badLineEnd),

        ("PROXY TCP4  1.2.3.4", 12, .badAddress), ("PROXY TCP4 1.2.3.4  ", 20, .badAddress),
        ("PROXY TCP4 1.2.3 ", 17, .badAddress), ("PROXY TCP4 1.2.3.4.5 ", 21, .badAddress),
        ("PROXY TCP4 1.2.3.256 ", 21, .badAddress), ("PROXY TCP4 01.2.3.4 ", 20, .badAddress),
        ("PROXY TCP4 1.2.3.04 ", 20, .badAddress), ("PROXY TCP4 1.2.3.-4 ", 18, .badAddress),
        ("PROXY TCP4 1..3.4 ", 18, .badAddress), ("PROXY TCP4 1.2.3.4.  ", 20, .badAddress),
        ("PROXY TCP4 ::1 ", 12, .badAddress), ("PROXY TCP4 localhost ", 12, .badAddress),
        ("PROXY TCP4 0x7f000001 ", 13, .badAddress), ("PROXY TCP4 1.2.3.4\t", 19, .badAddress),
        ("PROXY TCP4 1.2.3.4\r\n", 19, .badAddress), ("PROXY TCP4 1.2.3.4 5.6.7.8\r\n", 27, .badAddress),
        ("PROXY TCP4 1.2.3.4 ::1 ", 20, .badAddress), ("PROXY TCP4 255.255.255.2555", 27, .badAddress),
        ("PROXY TCP6 1.2.3.4 ", 19, .badAddress), ("PROXY TCP6 1:2:3:4:5:6:7 ", 25, .badAddress),
        ("PROXY TCP6 1:2:3:4:5:6:7:8:9 ", 29, .badAddress), ("PROXY TCP6 1::2::3 ", 19, .badAddress),
        ("PROXY TCP6 12345::1 ", 20, .badAddress), ("PROXY TCP6 ::g ", 14, .badAddress),
        ("PROXY TCP6 [::1] ", 12, .badAddress), ("PROXY TCP6 fe80::1%eth0 ", 19, .badAddress),
        ("PROXY TCP6 ::1/128 ", 15, .badAddress), ("PROXY TCP6 ::1 1.2.3.4 ", 23, .badAddress),
        ("PROXY TCP6 0000:0000:0000:0000:0000:0000:255.255.255.2555", 57, .badAddress),

        ("PROXY TCP4 1.2.3.4 5.6.7.8  ", 28, .badPort), ("PROXY TCP4 1.2.3.4 5.6.7.8 \r", 28, .badPort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 65536", 32, .badPort), ("PROXY TCP4 1.2.3.4 5.6.7.8 00", 29, .badPort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 080", 29, .badPort), ("PROXY TCP4 1.2.3.4 5.6.7.8 +80", 28, .badPort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 -1", 28, .badPort), ("PROXY TCP4 1.2.3.4 5.6.7.8 8x", 29, .badPort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 80 99999", 35, .badPort), ("PROXY TCP4 1.2.3.4 5.6.7.8 80  ", 31, .badPort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 80 01\r\n", 32, .badPort), ("PROXY TCP4 1.2.3.4 5.6.7.8 80 \r\n", 31, .badPort),

        ("PROXY TCP4 1.2.3.4 5.6.7.8 80\r\n", 30, .badLineEnd), ("PROXY TCP4 1.2.3.4 5.6.7.8 80 81\n", 33, .badLineEnd),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 80 81 \r\n", 33, .badLineEnd),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 80 81\rx", 34, .badLineEnd),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 80 81\r\r\n", 34, .badLineEnd),

        // CR would have to be the 106th byte at the latest.
        ("PROXY UNKNOWN " + String(repeating: "x", count: 93), 106, .lineTooLong),
        ("PROXY UNKNOWN " + String(repeating: "x", count: 91) + "\rx", 107, .lineTooLong),
        ("PROXY UNKNOWN " + String(repeating: "x", count: 92) + "\r\n", 106, .lineTooLong),
        ("PROXY TCP6 \(longestMapped) \(longestMapped) 1 2\r\n", 106, .lineTooLong),
    ]

    @Test(arguments: mistakes)
    func `an invalid version 1 header is refused at its first wrong byte`(
        text: String, after: Int, mistake: ProxyHeaderMistake
    ) {
        let bytes = ascii(text)
        #expect(ProxyOutcome(bytes[..<(after - 1)]) == .incomplete)
        for count in after...bytes.count { #expect(ProxyOutcome(bytes[..<count]) == .mistake(mistake)) }
        #expect(proxyHeaderInvariantFailures(of: bytes) == [])
    }
}
