// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// Where a connection really comes from, as a PROXY header said, and who brought it.
///
/// Concurrency: immutable.
public final class ProxyOrigin: Sendable {
    /// Who connected to us: the proxy.
    public let via: SocketAddress

    /// The address that the client connected to, if the header said so.
    public let destination: SocketAddress?

    /// The name that the proxy gave the connection: PP2_TYPE_UNIQUE_ID.
    public let uniqueID: [UInt8]?

    /// The host that the client asked for: PP2_TYPE_AUTHORITY.
    public let authority: [UInt8]?

    /// Keeps what a header said.
    public init(via: SocketAddress, destination: SocketAddress?, uniqueID: [UInt8]?, authority: [UInt8]?) {
        self.via = via
        self.destination = destination
        self.uniqueID = uniqueID
        self.authority = authority
    }
}
