// SPDX-License-Identifier: Apache-2.0

public import Addresses
public import LinuxSystem

/// What is known of a connection or a flow: its number, its listener, both addresses, and the client's credentials.
///
/// The only place where these facts are declared: whatever needs one reads it from here, so a new fact is a property here
/// and its use. Everything that a connection passes through hands on the whole value.
///
/// Concurrency: a value; a lane that hands a connection over passes it to the other one.
public struct Identity: Sendable {
    /// The number of the connection or flow, unique in the life of the daemon.
    public let number: UInt64

    /// The client's address: that of the connection, or the one that a PROXY header named.
    public package(set) var peer: SocketAddress

    /// The address of this host that the client connected to, or sent to.
    public let local: SocketAddress

    /// Who the kernel says the peer is, for Unix sockets: SO_PEERCRED, unix(7).
    public let credentials: PeerCredentials?

    /// The kind of the socket that the client uses.
    public let kind: SocketKind

    /// What the PROXY header said, if one was received; then ``peer`` is the client that it named.
    public package(set) var origin: ProxyOrigin?

    /// When it was accepted, or its first datagram was received, in nanoseconds by ``Clock/monotonic``.
    public let accepted: UInt64

    /// The settings that were in force when it was accepted, and the count of connections that includes it.
    package let listener: ListenerInForce

    init(
        number: UInt64, listener: ListenerInForce, kind: SocketKind, peer: SocketAddress, local: SocketAddress,
        credentials: PeerCredentials? = nil, accepted: UInt64
    ) {
        self.number = number
        self.listener = listener
        self.kind = kind
        self.peer = peer
        self.local = local
        self.credentials = credentials
        self.accepted = accepted
    }
}
