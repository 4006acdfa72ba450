// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct SocketAddressTests {
    @Test(arguments: [
        (SocketAddress.ipv4(.loopback, port: 7007), "127.0.0.1:7007"),
        (.ipv4(.any, port: 0), "0.0.0.0:0"),
        (.ipv4(IPv4Address(0xffff_ffff), port: 65535), "255.255.255.255:65535"),
        (.ipv6(.loopback, port: 7, scope: 0), "[::1]:7"),
        (.ipv6(.any, port: 7, scope: 0), "[::]:7"),
        (.ipv6(IPv6Address(high: 0xfe80_0000_0000_0000, low: 1), port: 7, scope: 3), "[fe80::1%3]:7"),
        (.unix(path: Array("/run/x".utf8)), "/run/x"),
        (.abstract(name: Array("x".utf8)), "@x"),
        (.unnamed, ""),
        (.vsock(cid: 2, port: 1024), "2:1024"),
    ])
    func `an address is written in the grammar`(address: SocketAddress, text: String) {
        #expect(address.description == text)
    }

    @Test(arguments: [
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("1:0:0:0:0:0:0:0", "1::"), ("0:0:0:0:0:0:0:9", "::9"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("ffff:abcd:10:200:3000:4:5:6", "ffff:abcd:10:200:3000:4:5:6"),
    ])
    func `IPv6 is written as in RFC 5952 and by inet_ntop`(long: String, short: String) {
        let groups = long.split(separator: ":").map { UInt64($0, radix: 16) ?? 0 }
        let high = groups[..<4].reduce(0) { $0 << 16 | $1 }
        let low = groups[4...].reduce(0) { $0 << 16 | $1 }
        #expect(SocketAddress.ipv6(IPv6Address(high: high, low: low), port: 1, scope: 0).description == "[\(short)]:1")
    }

    @Test func `an IPv4-mapped peer is IPv4`() {
        let mapped = SocketAddress.ipv6(IPv6Address(high: 0, low: 0xffff_7f00_0001), port: 9, scope: 0)
        #expect(mapped.canonical == .ipv4(.loopback, port: 9))
        let other = SocketAddress.ipv6(.loopback, port: 9, scope: 0)
        #expect(other.canonical == other)
    }

    @Test(arguments: [
        SocketAddress.ipv4(IPv4Address(0x0102_0304), port: 0x1234),
        .ipv6(IPv6Address(high: 0x2001_0db8_0000_0001, low: 0xfedc_ba98_7654_3210), port: 80, scope: 7),
        .unix(path: Array("/run/usherd/talk".utf8)), .unix(path: Array(repeating: 0x61, count: 107)),
        .abstract(name: Array("usher".utf8)), .abstract(name: [0, 255, 0]), .unnamed, .vsock(cid: 2, port: 0x1_0000),
    ])
    func `conversion to sockaddr and back keeps the address`(address: SocketAddress) {
        let back = address.withKernelAddress { pointer, length in
            var storage = sockaddr_storage()
            withUnsafeMutableBytes(of: &storage) { bytes in
                bytes.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: Int(length)))
            }
            return SocketAddress(kernel: storage, length: length)
        }
        #expect(back == address)
    }

    /// A sender may be bound to a path that fills sun_path: an answer must not go to a path that is one byte shorter.
    @Test(arguments: [1, 106, 107, 108]) func `a Unix name of any length is converted exactly`(length: Int) {
        let name = (0..<length).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        var addresses = [SocketAddress.unix(path: name)]
        if length < 108 { addresses.append(.abstract(name: name)) }
        for address in addresses {
            let again = address.withKernelAddress { pointer, length -> SocketAddress? in
                var storage = sockaddr_storage()
                withUnsafeMutableBytes(of: &storage) {
                    $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: Int(length)))
                }
                return SocketAddress(kernel: storage, length: length)
            }
            #expect(again == address)
        }
    }

    @Test func `other families are unknown`() {
        var storage = sockaddr_storage()
        storage.ss_family = sa_family_t(AF_NETLINK)
        #expect(SocketAddress(kernel: storage, length: 12) == nil)
    }

    @Test func `the value is small`() {
        #expect(MemoryLayout<SocketAddress>.stride <= 24)
    }
}
