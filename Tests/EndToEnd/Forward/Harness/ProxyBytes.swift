// SPDX-License-Identifier: Apache-2.0

/// PROXY headers of version 2, made by hand.
enum ProxyBytes {
    /// The twelve bytes that it begins with.
    static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

    /// A header for a connection from 192.0.2.1:4711 to 198.51.100.7:443.
    static func header(_ fields: [(type: UInt8, value: [UInt8])] = []) -> [UInt8] {
        let addresses: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 7, 0x12, 0x67, 0x01, 0xbb]
        let rest = addresses + fields.flatMap { [$0.type] + length($0.value.count) + $0.value }
        return signature + [0x21, 0x11] + length(rest.count) + rest
    }

    /// A header that tells of no client: LOCAL.
    static let local = signature + [0x20, 0x00, 0, 0]

    private static func length(_ count: Int) -> [UInt8] { [UInt8(count >> 8), UInt8(count & 0xff)] }
}
