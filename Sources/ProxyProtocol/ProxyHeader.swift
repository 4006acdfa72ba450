// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// What a proxy tells the server of the client that it relays, before the first byte of the client
/// (HAProxy's `doc/proxy-protocol.txt`).
public struct ProxyHeader: Hashable, Sendable {
    /// On whose behalf the connection was made.
    public enum Command: Hashable, Sendable {
        /// On the proxy's own, as for a health check: the addresses are those of the connection itself.
        case local

        /// On a client's: the addresses, where there are any, are those of the client's connection.
        case proxy
    }

    /// What the client's connection carries.
    public enum Transport: Hashable, Sendable {
        /// A byte stream: SOCK_STREAM.
        case stream

        /// Datagrams: SOCK_DGRAM, which version 2 alone has.
        case datagram

        /// Neither, or nobody said; there are no addresses either.
        case unspecified
    }

    /// The form in which it came, or in which it is written.
    public var version: ProxyVersion

    /// On whose behalf the connection was made; version 1 has only `proxy`.
    public var command: Command

    /// What the client's connection carries.
    public var transport: Transport

    /// Where the client is; nil if the proxy did not say, or not in a family that we have.
    public var source: SocketAddress?

    /// Where the client connected to; nil exactly when ``source`` is, in a header that was read.
    public var destination: SocketAddress?

    /// What the proxy calls the connection, in version 2 only: PP2_TYPE_UNIQUE_ID.
    public var uniqueID: ProxyUniqueID?

    /// The host name that the client asked for, as SNI has it, in version 2 only: PP2_TYPE_AUTHORITY.
    public var authority: [UInt8]?

    /// Makes a header of its parts.
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

    /// The header that a relay sends for a client: what it knows of the client's connection, if the version can say it.
    ///
    /// Where the addresses are not both of IP, version 1 says UNKNOWN and version 2 LOCAL, without addresses but with the
    /// unique ID and the authority. By the letter it should be PROXY, with Unix addresses or the family UNSPEC. But that
    /// a receiver is free to refuse, as HAProxy 2.6 does with both and nginx 1.22 with Unix addresses, while LOCAL it must
    /// accept and go by the addresses of the connection itself, which is the one thing that it then can do. HAProxy sends
    /// the same.
    ///
    /// A health check has no client. In version 2 it sends `ProxyHeader(version: .v2, command: .local)`, in version 1 this
    /// header with the addresses of its own socket and of the upstream (section 2.1).
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

    /// The most bytes of ``authority``: no host name has more, and HAProxy takes no more.
    public static let longestAuthority = 255
}
