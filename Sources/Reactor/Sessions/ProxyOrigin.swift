// SPDX-License-Identifier: Apache-2.0

public import Addresses
import LinuxSystem
public import ProxyProtocol

/// Where a connection really comes from, as a PROXY header said, and who brought it.
///
/// Concurrency: immutable.
public final class ProxyOrigin: Sendable {
    /// Who connected to us: the proxy.
    public let via: SocketAddress

    /// What it said.
    public let header: ProxyHeader

    /// Keeps what a header said.
    init(via: SocketAddress, header: ProxyHeader) {
        self.via = via
        self.header = header
    }

    /// The relays that the connection has come through, if they were ours.
    public var trail: ConnectionTrail? { header.uniqueID?.trail }
}
