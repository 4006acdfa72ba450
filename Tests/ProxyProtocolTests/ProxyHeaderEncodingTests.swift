// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@testable import ProxyProtocol

@Suite struct ProxyHeaderEncodingTests {
    private static let trail = ConnectionTrail(instance: 0xdead_beef, connection: 42)
    private static let path = SocketAddress.unix(path: ascii("/run/x"))
    private static let name = SocketAddress.abstract(name: ascii("x"))
    private static let vsock = SocketAddress.vsock(cid: 3, port: 1024)

    // MARK: Version 1

    static let lines: [(source: SocketAddress?, destination: SocketAddress?, line: String)] = [
        // The example of the specification.
        (ipv4(0xc0a8_0001, 56324), ipv4(0xc0a8_000b, 443), "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"),
        (ipv4(0, 0), ipv4(.max, 65535), "PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n"),
        (inet6Source, inet6Destination, "PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"),
        (inetSource, inet6Destination, "PROXY TCP6 ::ffff:c000:201 2001:db8::2 56324 443\r\n"),
        (inet6Source, inetDestination, "PROXY TCP6 2001:db8::1 ::ffff:c000:202 56324 443\r\n"),
        (
            .ipv6(IPv6Address(high: 0, low: 0xffff_c000_0201), port: 56324, scope: 0),
            .ipv6(IPv6Address(high: 0, low: 0xffff_c000_0202), port: 443, scope: 0),
            "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"
        ),
        (
            .ipv6(IPv6Address(high: 0xfe80 << 48, low: 1), port: 1, scope: 7), .ipv6(.loopback, port: 2, scope: 0),
            "PROXY TCP6 fe80::1 ::1 1 2\r\n"
        ),
        (path, path, "PROXY UNKNOWN\r\n"), (.unnamed, path, "PROXY UNKNOWN\r\n"), (vsock, vsock, "PROXY UNKNOWN\r\n"),
        (inetSource, path, "PROXY UNKNOWN\r\n"), (vsock, inetSource, "PROXY UNKNOWN\r\n"),
        (inetSource, nil, "PROXY UNKNOWN\r\n"), (nil, nil, "PROXY UNKNOWN\r\n"),
    ]

    @Test(arguments: lines)
    func `version 1 is written`(source: SocketAddress?, destination: SocketAddress?, line: String) {
        let header = ProxyHeader(version: .v1, transport: .stream, source: source, destination: destination)
        #expect(header.encoded() == ascii(line))
        let relayed = ProxyHeader(
            relaying: source, to: destination, version: .v1, uniqueID: .trail(Self.trail), authority: ascii("a"))
        #expect(relayed.encoded(checksum: true) == ascii(line))
        #expect(relayed.command == .proxy)
    }

    @Test(arguments: [ProxyHeader.Transport.datagram, .unspecified])
    func `version 1 writes UNKNOWN for other families`(transport: ProxyHeader.Transport) {
        let header = ProxyHeader(
            version: .v1, transport: transport, source: inetSource, destination: inetDestination)
        #expect(header.encoded() == ascii("PROXY UNKNOWN\r\n"))
    }

    // MARK: Version 2

    @Test(arguments: BinaryHeaderTests.cases)
    func `a written header is read back`(_ example: BinaryHeaderTests.Case) {
        let bytes = example.header.encoded()
        #expect(ProxyOutcome(bytes[...]) == .complete(example.header, length: bytes.count))
    }

    private static let trailField = field(0x05, ascii("usherd/1/1/00000000deadbeef/42"))
    private static let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xff, 0xff]

    /// Headers that say all that they are given, and their bytes.
    static let headers: [(header: ProxyHeader, bytes: [UInt8])] = [
        (
            ProxyHeader(version: .v2, transport: .stream, source: inetSource, destination: inetDestination),
            binary(0x21, 0x11, inetBytes)
        ),
        (
            ProxyHeader(
                version: .v2, transport: .stream, source: inetSource, destination: inetDestination,
                uniqueID: .trail(trail), authority: ascii("www.example.com")),
            binary(0x21, 0x11, inetBytes + trailField + field(0x02, ascii("www.example.com")))
        ),
        (
            ProxyHeader(version: .v2, transport: .datagram, source: inet6Source, destination: inet6Destination),
            binary(0x21, 0x22, inet6Bytes)
        ),
        (
            ProxyHeader(version: .v2, transport: .stream, source: inetSource, destination: inet6Destination),
            binary(0x21, 0x21, mapped + [192, 0, 2, 1] + inet6Bytes[16...])
        ),
        (
            ProxyHeader(version: .v2, transport: .stream, source: inet6Source, destination: inetDestination),
            binary(0x21, 0x21, inet6Bytes[..<16] + mapped + [192, 0, 2, 2] + inet6Bytes[32...])
        ),
        (
            ProxyHeader(version: .v2, transport: .stream, source: .unnamed, destination: path),
            binary(0x21, 0x31, sunPath([]) + sunPath(ascii("/run/x")))
        ),
        (
            ProxyHeader(version: .v2, transport: .stream, source: name, destination: .unnamed),
            binary(0x21, 0x31, sunPath(ascii("\0x")) + sunPath([]))
        ),
        (ProxyHeader(version: .v2), binary(0x21, 0x00)),
        (ProxyHeader(version: .v2, command: .local), binary(0x20, 0x00)),
        (ProxyHeader(version: .v2, command: .local, uniqueID: .trail(trail)), binary(0x20, 0x00, trailField)),
        // What has no place is left out.
        (
            ProxyHeader(
                version: .v2, command: .local, transport: .stream, source: inetSource, destination: inetDestination),
            binary(0x20, 0x00)
        ),
        (ProxyHeader(version: .v2, source: inetSource, destination: inetDestination), binary(0x21, 0x00)),
        (ProxyHeader(version: .v2, transport: .stream, source: inetSource), binary(0x21, 0x00)),
        (ProxyHeader(version: .v2, transport: .stream, source: inetSource, destination: path), binary(0x21, 0x00)),
        (ProxyHeader(version: .v2, transport: .stream, source: .unnamed, destination: vsock), binary(0x21, 0x00)),
        (
            ProxyHeader(
                version: .v2, transport: .stream, source: .unnamed,
                destination: .unix(path: Array(repeating: 0x61, count: 109))), binary(0x21, 0x00)
        ),
        (
            ProxyHeader(
                version: .v2, transport: .stream, source: .unnamed,
                destination: .abstract(name: Array(repeating: 0x61, count: 108))), binary(0x21, 0x00)
        ),
        (
            ProxyHeader(
                version: .v2, uniqueID: .foreign(Array(repeating: 1, count: 129)),
                authority: Array(repeating: 0x61, count: 256)), binary(0x21, 0x00)
        ),
    ]

    @Test(arguments: headers)
    func `version 2 is written`(header: ProxyHeader, bytes: [UInt8]) {
        #expect(header.encoded() == bytes)
    }

    @Test func `a checksum is written on request`() {
        let header = ProxyHeader(version: .v2, transport: .stream, source: inetSource, destination: inetDestination)
        var bytes = ascii("before")
        header.append(to: &bytes, checksum: true)
        #expect(bytes == ascii("before") + binary(0x21, 0x11, inetBytes + field(0x03, [0xd6, 0xc8, 0xc7, 0x5f])))
    }

    @Test func `the reserved size fits the longest header`() {
        let header = ProxyHeader(
            version: .v2, transport: .stream, source: .unix(path: Array(repeating: 0x61, count: 108)),
            destination: .abstract(name: Array(repeating: 0x61, count: 107)),
            uniqueID: .foreign(Array(repeating: 1, count: 128)), authority: Array(repeating: 0x61, count: 255))
        #expect(header.encoded(checksum: true).count == ProxyHeader.longestEncoding)
    }

    // MARK: Relaying

    @Test func `IP addresses are relayed`() {
        let header = ProxyHeader(relaying: inetSource, to: inet6Destination, version: .v2, uniqueID: .trail(Self.trail))
        let expected = ProxyHeader(
            version: .v2, transport: .stream, source: inetSource, destination: inet6Destination,
            uniqueID: .trail(Self.trail))
        #expect(header == expected)
    }

    @Test(arguments: [
        (path, path), (.unnamed, path), (vsock, vsock), (inetSource, path), (inetSource, nil), (nil, nil),
    ])
    func `other clients are relayed as LOCAL`(source: SocketAddress?, destination: SocketAddress?) {
        let header = ProxyHeader(relaying: source, to: destination, version: .v2, uniqueID: .trail(Self.trail))
        #expect(header.encoded() == binary(0x20, 0x00, Self.trailField))
    }

    /// nginx up to 1.23 takes no header above 107 bytes.
    @Test func `a header with a trail fits nginx's limit`() {
        guard let longest = ConnectionTrail(parsing: "usherd/1/16/ffffffffffffffff/18446744073709551615".utf8) else {
            Issue.record("no trail")
            return
        }
        let header = ProxyHeader(
            relaying: inet6Source, to: inet6Destination, version: .v2, uniqueID: .trail(longest))
        #expect(header.encoded().count <= 107)
    }
}
