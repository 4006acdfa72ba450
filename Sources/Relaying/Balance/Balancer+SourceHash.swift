// SPDX-License-Identifier: Apache-2.0

package import Addresses

extension Balancer {
    /// The hash that `source-hash` selects a member by: of the client's address, without its port.
    ///
    /// An IPv4-mapped IPv6 address counts as the IPv4 address. The scope of a link-local address is left out: an interface
    /// index differs between hosts and boots. A Unix client is identified by its user, or by its socket's name if the user
    /// is unknown; a vsock client by its context identifier; a CAN frame by its identifier.
    ///
    /// - Parameters:
    ///   - address: the client's.
    ///   - uid: the user of a Unix client, if the kernel reported it (SO_PEERCRED).
    package static func sourceHash(of address: SocketAddress, uid: UInt32?) -> UInt64 {
        switch address.canonical {
        case .ipv4(let address, _): StableHash.hash(4, UInt64(address.value))
        case .ipv6(let address, _, _): StableHash.hash(StableHash.hash(6, address.high), address.low)
        case .vsock(let cid, _): StableHash.hash(40, UInt64(cid))
        case .can(_, let identifier): StableHash.hash(29, UInt64(identifier.rawValue))
        case .unix(let name), .abstract(let name):
            StableHash.hash(1, uid.map(UInt64.init) ?? StableHash.hash(name))
        case .unnamed: StableHash.hash(1, uid.map(UInt64.init) ?? .max)
        }
    }
}
