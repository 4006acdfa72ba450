// SPDX-License-Identifier: Apache-2.0

public import Addresses
import LinuxSystem
public import ProxyProtocol

/// The PROXY header of a connection, with the address of the proxy that sent it.
///
/// Concurrency: immutable.
public final class ProxyOrigin: Sendable {
    /// The address of the proxy, which connected to this host.
    public let via: SocketAddress

    /// The header.
    public let header: ProxyHeader

    /// Keeps a header and its sender.
    init(via: SocketAddress, header: ProxyHeader) {
        self.via = via
        self.header = header
    }

    /// The usher relays that the connection has passed through, as the header lists them.
    public var trail: ConnectionTrail? { header.uniqueID?.trail }
}
