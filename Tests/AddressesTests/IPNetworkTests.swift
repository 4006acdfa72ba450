// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Addresses

@Suite struct IPNetworkTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.0.0.0/8"), ("0.0.0.0/0", "0.0.0.0/0"), ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1/32", "192.0.2.1"), ("192.0.2.0/31", "192.0.2.0/31"), ("::/0", "::/0"), ("::1", "::1"),
        ("::1/128", "::1"), ("2001:DB8::/32", "2001:db8::/32"), ("2001:db8:0:8000::/49", "2001:db8:0:8000::/49"),
        ("fe80::/64", "fe80::/64"), ("2001:db8::8000:0:0:0/65", "2001:db8:0:0:8000::/65"),
        // IPv4-mapped, RFC 4291 section 2.5.5.2.
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("::ffff:0:0/96", "0.0.0.0/0"), ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:0:0/95", nil), ("::fffe:0:0/95", "::fffe:0:0/95"),
    ])
    func `a network is read and written in one form`(text: String, shown: String?) throws {
        guard let shown else {
            #expect(throws: IPNetworkMistake.self) { try IPNetwork(parsing: text) }
            return
        }
        let network = try IPNetwork(parsing: text)
        #expect(network.description == shown)
        #expect(try IPNetwork(parsing: shown) == network)
    }

    @Test(arguments: [
        ("10.0.0.1/8", "write 10.0.0.0/8 for the network, or leave out the slash for the one address"),
        ("2001:db8::1/32", "write 2001:db8::/32 for the network, or leave out the slash for the one address"),
        ("::ffff:10.0.0.1/104", "write 10.0.0.0/8 for the network, or leave out the slash for the one address"),
        ("::1/0", "write ::/0 for the network, or leave out the slash for the one address"),
        ("10.0.0.0/33", "write a number of bits from 0 to 32 after the slash"),
        ("10.0.0.0/", "write a number of bits from 0 to 32 after the slash"),
        ("10.0.0.0/8/8", "write a number of bits from 0 to 32 after the slash"),
        ("10.0.0.0/-1", "write a number of bits from 0 to 32 after the slash"),
        ("10.0.0.0/99999999999999999999", "write a number of bits from 0 to 32 after the slash"),
        ("10.0.0.0/255.0.0.0", "write 10.0.0.0/8"), ("0.0.0.0/0.0.0.0", "write 0.0.0.0/0"),
        ("10.0.0.1/255.255.255.255", "write 10.0.0.1/32"),
        ("10.0.0.0/255.0.255.0", "write a number of bits from 0 to 32 after the slash"),
        ("::/129", "write a number of bits from 0 to 128 after the slash"),
        ("[::1]", "leave out the brackets: no port follows here"),
        ("[2001:db8::]/32", "leave out the brackets: no port follows here"),
        ("fe80::1%eth0", "leave out the interface: a link-local address counts on each"),
        ("*", "write 0.0.0.0/0 and ::/0 for every address"),
        ("", "write for example 10.0.0.0/8, 2001:db8::/32, or one address such as 127.0.0.1"),
        ("10/8", "write 10.0.0.0/8"), ("300/8", "write 0.0.1.44, and /8 behind it"),
        ("010.0.0.0/8", "write 10.0.0.0, or 8.0.0.0 if the leading zero means an octal number, and /8 behind it"),
        ("127.1", "write 127.0.0.1"), ("0x7f000001", "write 127.0.0.1"), ("10.1/16", "write 10.1.0.0/16"),
        ("192.168.7/24", "write 192.168.7.0/24"),
        ("[", "write for example 10.0.0.0/8, 2001:db8::/32, or one address such as 127.0.0.1"),
        ("proxy.example", "write for example 10.0.0.0/8, 2001:db8::/32, or one address such as 127.0.0.1"),
    ])
    func `a wrong network has a hint`(text: String, help: String) {
        do throws(IPNetworkMistake) {
            Issue.record("\(try IPNetwork(parsing: text))")
        } catch {
            #expect(error.help == help)
            #expect(error.description == "\(error.message) (\(help))")
        }
    }

    private static func address(_ text: String) throws -> SocketAddress {
        if let ip = IPv4Address(parsing: text.utf8) { return .ipv4(ip, port: 4711) }
        return .ipv6(try #require(IPv6Address(parsing: text.utf8)), port: 4711, scope: 3)
    }

    @Test(arguments: [
        (
            "10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"],
            ["9.255.255.255", "11.0.0.0", "::10.1.2.3"]
        ),
        ("192.0.2.128/25", ["192.0.2.128", "192.0.2.255"], ["192.0.2.127", "192.0.3.128"]),
        ("192.0.2.1", ["192.0.2.1", "::ffff:192.0.2.1"], ["192.0.2.0", "192.0.2.2"]),
        ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"], ["::", "::1"]),
        ("::/0", ["::", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["1.2.3.4", "::ffff:1.2.3.4"]),
        ("2001:db8::/32", ["2001:db8::", "2001:db8:ffff::1"], ["2001:db9::", "2001:db7:ffff::"]),
        ("2001:db8::/64", ["2001:db8::ffff:0:0:1"], ["2001:db8:0:1::1"]),
        ("2001:db8::/65", ["2001:db8::7fff:0:0:1"], ["2001:db8::8000:0:0:1"]),
        ("fe80::/10", ["fe80::1", "febf::1"], ["fec0::1"]),
        ("::1", ["::1"], ["::2", "1::1"]),
        ("::ffff:10.0.0.0/104", ["10.1.2.3"], ["11.0.0.0"]),
    ])
    func `a network contains the addresses with its prefix`(text: String, inside: [String], outside: [String]) throws {
        let network = try IPNetwork(parsing: text)
        for text in inside { #expect(network.contains(try Self.address(text)), "\(text)") }
        for text in outside { #expect(!network.contains(try Self.address(text)), "\(text)") }
    }

    @Test func `a network contains IP addresses only`() throws {
        for network in [try IPNetwork(parsing: "0.0.0.0/0"), try IPNetwork(parsing: "::/0")] {
            for address in [SocketAddress.unnamed, .unix(path: [47]), .abstract(name: [0]), .vsock(cid: 0, port: 0)] {
                #expect(!network.contains(address))
            }
        }
    }

    /// Each length of a prefix, at its last bit and the bit after it.
    @Test func `every bit of the prefix counts`() {
        for length in 0...32 {
            let network = IPNetwork(around: IPv4Address(0x5555_5555), prefixLength: length)
            for bit in 0..<32 {
                let address = IPv4Address(0x5555_5555 ^ (0x8000_0000 >> UInt32(bit)))
                #expect(network.contains(.ipv4(address, port: 0)) == (bit >= length))
            }
        }
        let word: UInt64 = 0x5555_5555_5555_5555
        for length in 0...128 {
            let network = IPNetwork(around: IPv6Address(high: word, low: word), prefixLength: length)
            for bit in 0..<128 {
                let flipped: UInt64 = 1 << UInt64(63 - bit % 64)
                let address = IPv6Address(high: bit < 64 ? word ^ flipped : word, low: bit < 64 ? word : word ^ flipped)
                #expect(network.contains(.ipv6(address, port: 0, scope: 0)) == (bit >= length))
            }
        }
    }
}
