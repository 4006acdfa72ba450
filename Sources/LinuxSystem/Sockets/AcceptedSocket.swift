// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// A connection that accept4(2) returned.
public struct AcceptedSocket: ~Copyable, Sendable {
    /// The socket, non-blocking and close-on-exec.
    public let descriptor: OwnedDescriptor

    /// The address of the peer; an IPv4 peer of a dual-stack socket has an IPv4 address.
    public let peer: SocketAddress

    /// Makes a value from its parts.
    public init(descriptor: consuming OwnedDescriptor, peer: SocketAddress) {
        self.descriptor = descriptor
        self.peer = peer
    }

    /// Hands the descriptor to the caller.
    public consuming func takeDescriptor() -> OwnedDescriptor { descriptor }
}
