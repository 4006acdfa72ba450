// SPDX-License-Identifier: Apache-2.0

extension SocketAddress {
    /// A client with an IP address and an unknown port, which is 0: `192.0.2.7`, `2001:db8::7`, `[fe80::1%eth0]`.
    ///
    /// The interface of a link-local address is left out, since rules do not depend on it.
    ///
    /// - Returns: nil if the text is no IP address.
    public init?(client text: String) {
        var bytes = Array(text.utf8)[...]
        if bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]") { bytes = bytes.dropFirst().dropLast() }
        if let address = IPv4Address(parsing: bytes) {
            self = .ipv4(address, port: 0)
            return
        }
        if let percent = bytes.firstIndex(of: UInt8(ascii: "%")), percent + 1 < bytes.endIndex {
            bytes = bytes[..<percent]
        }
        guard let address = IPv6Address(parsing: bytes) else { return nil }
        self = SocketAddress.ipv6(address, port: 0, scope: 0).canonical
    }
}
