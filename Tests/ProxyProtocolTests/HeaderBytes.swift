// SPDX-License-Identifier: Apache-2.0

import Addresses

@testable import ProxyProtocol

/// A header of version 2 out of the bytes after the signature: version and command, family and transport, the rest.
func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8] = []) -> [UInt8] {
    [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, command, family]
        + [UInt8(rest.count >> 8), UInt8(rest.count & 0xff)] + rest
}

/// A field of version 2.
func field(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
    [type, UInt8(value.count >> 8), UInt8(value.count & 0xff)] + value
}

/// A Unix address as it is in a header.
func sunPath(_ name: [UInt8]) -> [UInt8] {
    name + Array(repeating: 0, count: 108 - name.count)
}

/// Bytes as tests write them.
func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }

/// 192.0.2.1 port 56324 to 192.0.2.2 port 443.
let inetBytes: [UInt8] = [192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 0x04, 0x01, 0xbb]

/// 2001:db8::1 port 56324 to 2001:db8::2 port 443.
let inet6Bytes: [UInt8] =
    [0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [1]
    + [0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [2] + [0xdc, 0x04, 0x01, 0xbb]

func ipv4(_ address: UInt32, _ port: UInt16) -> SocketAddress { .ipv4(IPv4Address(address), port: port) }

func ipv6(_ low: UInt64, _ port: UInt16) -> SocketAddress {
    .ipv6(IPv6Address(high: 0x2001_0db8_0000_0000, low: low), port: port, scope: 0)
}

/// The same as ``inetBytes``.
let inetSource = ipv4(0xc000_0201, 56324)
let inetDestination = ipv4(0xc000_0202, 443)

/// The same as ``inet6Bytes``.
let inet6Source = ipv6(1, 56324)
let inet6Destination = ipv6(2, 443)

extension ProxyHeader {
    /// What ``append(to:checksum:)`` appends.
    func encoded(checksum: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes, checksum: checksum)
        return bytes
    }
}
