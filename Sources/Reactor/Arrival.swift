// SPDX-License-Identifier: Apache-2.0

package import LinuxSystem

/// A connection that was admitted, on its way to the worker that will have it.
///
/// Concurrency: Sendable, because an accepting lane may hand it to another one.
public struct Arrival: ~Copyable, Sendable {
    /// The socket.
    let descriptor: OwnedDescriptor

    /// The settings that it came in under, in which it is counted already.
    let profile: ListenerProfile

    /// The connection's number, unique in the life of the daemon.
    let identifier: UInt64

    /// The kind of the socket.
    package let kind: SocketKind

    /// Who connected.
    let peer: SocketAddress

    /// The address that it connected to.
    let local: SocketAddress

    /// Who the kernel says the peer is, for Unix sockets.
    let credentials: PeerCredentials?

    /// When it was accepted, by ``Clock/monotonic``.
    let accepted: UInt64

    /// What a PROXY header said, if one came.
    var origin: ProxyOrigin?

    /// The form in which it goes to another lane.
    consuming func handOver() -> LaneHandle.HandedOver {
        LaneHandle.HandedOver(
            profile: profile, identifier: identifier, kind: kind, peer: peer, local: local, credentials: credentials,
            accepted: accepted, raw: takeDescriptor().relinquish())
    }

    /// Gives the socket away.
    consuming func takeDescriptor() -> OwnedDescriptor { descriptor }
}

extension Arrival {
    /// Takes over what another lane accepted, with its descriptor.
    init(adopting other: LaneHandle.HandedOver) {
        self.init(
            descriptor: OwnedDescriptor(adopting: other.raw), profile: other.profile, identifier: other.identifier,
            kind: other.kind, peer: other.peer, local: other.local, credentials: other.credentials,
            accepted: other.accepted)
    }
}
