// SPDX-License-Identifier: Apache-2.0

/// The host of an ``Endpoint`` with a port.
public enum EndpointHost: Hashable, Sendable {
    /// `*`: every address of this host, IPv6 and IPv4.
    case any

    /// `192.0.2.1`.
    case ipv4(IPv4Address)

    /// `[2001:db8::1]`, or with the interface of a link-local address, by name or index: `[fe80::1%eth0]`.
    case ipv6(IPv6Address, scope: String?)

    /// A host name, not resolved, as it was written.
    case name(String)

    /// Appends the canonical text.
    func append(to bytes: inout [UInt8]) {
        switch self {
        case .any:
            bytes.append(UInt8(ascii: "*"))
        case .ipv4(let address):
            address.append(to: &bytes)
        case .ipv6(let address, let scope):
            bytes.append(UInt8(ascii: "["))
            address.append(to: &bytes)
            if let scope {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(contentsOf: scope.utf8)
            }
            bytes.append(UInt8(ascii: "]"))
        case .name(let name):
            bytes.append(contentsOf: name.utf8)
        }
    }
}
