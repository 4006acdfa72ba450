// SPDX-License-Identifier: Apache-2.0

package import LinuxSystem

/// A flow that was admitted, with what is known of it before its first datagram was looked at.
///
/// Concurrency: belongs to one lane.
public struct FlowArrival {
    /// Where its datagrams come in, and its answers go out.
    let port: DatagramPort

    /// The settings that it came in under, in which it is counted already.
    let profile: ListenerProfile

    /// The flow's number, unique among connections and flows in the life of the daemon.
    let identifier: UInt64

    /// The kind of the socket.
    package let kind: SocketKind

    /// Where its datagrams come from.
    package let peer: SocketAddress

    /// The address that they go to.
    package let local: SocketAddress

    /// Whether the first one went to many: a broadcast address or a group.
    public let isToMany: Bool

    /// When the first one came, by ``Clock/monotonic``.
    let accepted: UInt64
}
