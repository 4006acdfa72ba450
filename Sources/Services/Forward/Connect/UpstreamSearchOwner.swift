// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor
import Records

/// What has an ``UpstreamSearch``: a relay, a framed connection or flow.
protocol UpstreamSearchOwner: Session, PeerSocketOwner, Waiting {
    /// Whether the attempt at this address waits for the owner's first look at the client, which happens next: the owner
    /// calls ``UpstreamSearch/open(_:)`` then, or sends what it found along.
    func takesFirstBytesAlong(to address: SocketAddress) -> Bool

    /// A socket is connected; the other attempts are closed. It may not be registered with epoll yet.
    func searchSucceeded(_ socket: PeerSocket)

    /// No upstream can be had.
    func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt)

    /// ``UpstreamSearch/nextDeadline`` may have changed.
    func searchDeadlineChanged()

    /// The upstream takes datagrams, and has answered none in time: see ``UpstreamSearch/leaveSilent(sent:)``.
    func upstreamIsSilent()
}

extension UpstreamSearchOwner {
    /// No: it has nothing to say yet, or keeps it.
    func takesFirstBytesAlong(to address: SocketAddress) -> Bool { false }

    /// Nothing: a stream is connected or it is not.
    func upstreamIsSilent() {}
}
