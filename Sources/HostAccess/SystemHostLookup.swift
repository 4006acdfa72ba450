// SPDX-License-Identifier: Apache-2.0

public import Addresses
public import Configuration
import LinuxSystem

/// Looks names up on this host: its resolver, users, groups and interfaces.
///
/// Concurrency: any queue. Each call blocks as long as the name service takes.
public struct SystemHostLookup: HostLookup, Sendable {
    /// Makes a value without state.
    public init() {}

    /// Calls getaddrinfo(3).
    public func addresses(of host: String, port: UInt16) throws(NameLookupFailure) -> [SocketAddress] {
        try NameService.addresses(of: host, port: port)
    }

    /// Calls getpwnam_r(3).
    public func user(named name: String) throws(NameLookupFailure) -> UInt32? {
        try NameService.user(named: name)
    }

    /// Calls getgrnam_r(3).
    public func group(named name: String) throws(NameLookupFailure) -> UInt32? {
        try NameService.group(named: name)
    }

    /// Calls if_nametoindex(3).
    public func interface(named name: String) -> UInt32? {
        NameService.interface(named: name)
    }

    /// Calls getifaddrs(3).
    public func ownAddresses() -> [SocketAddress] {
        (try? NetworkInterfaces.addresses()) ?? []
    }
}
