// SPDX-License-Identifier: Apache-2.0

public import Addresses
public import Configuration
import LinuxSystem

/// Asks this host: its resolver, its users and groups, its interfaces.
///
/// Concurrency: any queue. Each call blocks as long as the name service takes.
public struct SystemHostLookup: HostLookup, Sendable {
    /// Makes a lookup; it keeps nothing.
    public init() {}

    /// Asks getaddrinfo(3).
    public func addresses(of host: String, port: UInt16) throws(NameLookupFailure) -> [SocketAddress] {
        try NameService.addresses(of: host, port: port)
    }

    /// Asks getpwnam_r(3).
    public func user(named name: String) throws(NameLookupFailure) -> UInt32? {
        try NameService.user(named: name)
    }

    /// Asks getgrnam_r(3).
    public func group(named name: String) throws(NameLookupFailure) -> UInt32? {
        try NameService.group(named: name)
    }

    /// Asks if_nametoindex(3).
    public func interface(named name: String) -> UInt32? {
        NameService.interface(named: name)
    }

    /// Asks getifaddrs(3).
    public func ownAddresses() -> [SocketAddress] {
        (try? NetworkInterfaces.addresses()) ?? []
    }
}
