// SPDX-License-Identifier: Apache-2.0

public import Addresses
public import Configuration

/// A host of which everything is known.
public struct TestHost: HostLookup {
    /// Makes a host.
    public init() {}

    /// The names `localhost`, `web.example` and `empty.example`; no other is known.
    public func addresses(of host: String, port: UInt16) throws(NameLookupFailure) -> [SocketAddress] {
        switch host {
        case "localhost": [.ipv4(.loopback, port: port), .ipv6(.loopback, port: port, scope: 0)]
        case "web.example": [.ipv4(IPv4Address(0xc000_0201), port: port)]
        case "empty.example": []
        default: throw NameLookupFailure(reason: "Name or service not known")
        }
    }

    /// `root` and `alice`; of `offline` the name service does not answer.
    public func user(named name: String) throws(NameLookupFailure) -> UInt32? {
        if name == "offline" { throw NameLookupFailure(reason: "Connection refused") }
        return ["root": 0, "alice": 1000][name]
    }

    /// `root` and `adm`.
    public func group(named name: String) throws(NameLookupFailure) -> UInt32? { ["root": 0, "adm": 4][name] }

    /// `lo` and `eth0`.
    public func interface(named name: String) -> UInt32? { ["lo": 1, "eth0": 2][name] }

    /// Loopback and two more.
    public func ownAddresses() -> [SocketAddress] {
        [
            .ipv4(.loopback, port: 0), .ipv4(IPv4Address(0xc000_0202), port: 0), .ipv6(.loopback, port: 0, scope: 0),
            .ipv6(IPv6Address(high: 0xfe80 << 48, low: 2), port: 0, scope: 2),
        ]
    }
}
