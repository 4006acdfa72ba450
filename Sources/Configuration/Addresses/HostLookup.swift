// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// What a configuration has to ask of the host: it makes numbers of names. Tests answer from a table.
public protocol HostLookup {
    /// The addresses of a host name, each with `port`, in the order in which the resolver prefers them.
    ///
    /// - Throws: why there are none.
    func addresses(of host: String, port: UInt16) throws(NameLookupFailure) -> [SocketAddress]

    /// The number of a user; nil if there is none of that name.
    func user(named name: String) throws(NameLookupFailure) -> UInt32?

    /// The number of a group; nil if there is none of that name.
    func group(named name: String) throws(NameLookupFailure) -> UInt32?

    /// The index of a network interface; nil if there is none of that name.
    func interface(named name: String) -> UInt32?

    /// The IP addresses of this host itself, with port 0; none if nobody can tell.
    func ownAddresses() -> [SocketAddress]
}

extension HostLookup {
    /// The index of the interface that a scope names, or is: `eth0`, `2`.
    func index(ofScope scope: String) -> UInt32? {
        guard let index = UInt32(scope) ?? interface(named: scope), index > 0 else { return nil }
        return index
    }
}
