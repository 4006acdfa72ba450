// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// A connection that was just accepted.
public struct AcceptedSocket: ~Copyable, Sendable {
    /// The socket, non-blocking and closed on exec.
    public let descriptor: OwnedDescriptor

    /// Who is at the other end; IPv4 peers of a dual-stack socket as IPv4.
    public let peer: SocketAddress

    /// Puts the two together.
    public init(descriptor: consuming OwnedDescriptor, peer: SocketAddress) {
        self.descriptor = descriptor
        self.peer = peer
    }

    /// Takes it apart again.
    public consuming func takeDescriptor() -> OwnedDescriptor { descriptor }
}
