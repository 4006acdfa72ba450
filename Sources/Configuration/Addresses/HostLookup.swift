// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// The look-ups of names that a configuration needs from the host. Tests answer from a table.
public protocol HostLookup {
    /// The addresses of a host name, each with `port`, in the order of the resolver's preference.
    ///
    /// - Throws: the error of the look-up.
    func addresses(of host: String, port: UInt16) throws(NameLookupFailure) -> [SocketAddress]

    /// The number of a user; nil if there is no such user.
    func user(named name: String) throws(NameLookupFailure) -> UInt32?

    /// The number of a group; nil if there is no such group.
    func group(named name: String) throws(NameLookupFailure) -> UInt32?

    /// The index of a network interface; nil if no interface has the name.
    func interface(named name: String) -> UInt32?

    /// The IP addresses of this host itself, with port 0; empty if they cannot be determined.
    func ownAddresses() -> [SocketAddress]
}

extension HostLookup {
    /// The index of the interface for a scope, which is a name or an index: `eth0`, `2`.
    func index(ofScope scope: String) -> UInt32? {
        guard let index = UInt32(scope) ?? interface(named: scope), index > 0 else { return nil }
        return index
    }
}
