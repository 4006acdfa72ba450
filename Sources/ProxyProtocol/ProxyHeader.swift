// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// The PROXY header: what a proxy tells a server about the client, before the first byte of the client.
///
/// Source: HAProxy's `doc/proxy-protocol.txt`.
public struct ProxyHeader: Hashable, Sendable {
    /// Whether the connection was made for a client.
    public enum Command: Hashable, Sendable {
        /// By the proxy itself, as for a health check: the addresses are those of the connection itself.
        case local

        /// For a client: the addresses, if any, are those of the client's connection.
        case proxy
    }

    /// The transport of the client's connection.
    public enum Transport: Hashable, Sendable {
        /// A byte stream: SOCK_STREAM.
        case stream

        /// Datagrams: SOCK_DGRAM, only in version 2.
        case datagram

        /// Neither, or unknown; then there are no addresses either.
        case unspecified
    }

    /// The version of the header, read or to be written.
    public var version: ProxyVersion

    /// Whether the connection was made for a client; version 1 has only `proxy`.
    public var command: Command

    /// The transport of the client's connection.
    public var transport: Transport

    /// The client's address; nil if the header has none, or one of an unsupported family.
    public var source: SocketAddress?

    /// The address to which the client connected; in a parsed header nil exactly if ``source`` is.
    public var destination: SocketAddress?

    /// The proxy's ID of the connection, only in version 2: PP2_TYPE_UNIQUE_ID.
    public var uniqueID: ProxyUniqueID?

    /// The host name that the client asked for, as in SNI, only in version 2: PP2_TYPE_AUTHORITY.
    public var authority: [UInt8]?

    /// Makes a header from its parts.
    public init(
        version: ProxyVersion, command: Command = .proxy, transport: Transport = .unspecified,
        source: SocketAddress? = nil, destination: SocketAddress? = nil, uniqueID: ProxyUniqueID? = nil,
        authority: [UInt8]? = nil
    ) {
        self.version = version
        self.command = command
        self.transport = transport
        self.source = source
        self.destination = destination
        self.uniqueID = uniqueID
        self.authority = authority
    }

    /// The header that a relay sends for a client, with the addresses that the version can express.
    ///
    /// If not both addresses are IP, version 1 is UNKNOWN, and version 2 is LOCAL, without addresses but with the unique ID and
    /// the authority. Strictly it should be PROXY, with Unix addresses or the family UNSPEC. But a receiver may refuse these, as
    /// HAProxy 2.6 refuses both and nginx 1.22 Unix addresses, while it must accept LOCAL and use the addresses of the connection
    /// itself, which is all that it could do anyway. HAProxy sends the same.
    ///
    /// A health check has no client. In version 2 it sends `ProxyHeader(version: .v2, command: .local)`, in version 1 this header
    /// with the addresses of its own socket and of the upstream (section 2.1).
    public init(
        relaying source: SocketAddress?, to destination: SocketAddress?, version: ProxyVersion,
        transport: Transport = .stream, uniqueID: ProxyUniqueID? = nil, authority: [UInt8]? = nil
    ) {
        self.init(version: version, uniqueID: uniqueID, authority: authority)
        if let source, let destination, source.port != nil, destination.port != nil {
            self.transport = transport
            self.source = source
            self.destination = destination
        } else if version == .v2 {
            command = .local
        }
    }

    /// The most bytes of ``uniqueID`` (section 2.2.5).
    public static let longestUniqueID = 128

    /// The most bytes of ``authority``: no host name is longer, and HAProxy accepts no more.
    public static let longestAuthority = 255
}
