// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor
import Records

/// What has an ``UpstreamSearch``: a session that is relayed, or a check.
protocol UpstreamSearchOwner: Pollable, PeerSocketOwner, Waiting {
    /// Whether the attempt at this address waits for the owner's first look at the client, which happens next: the owner
    /// calls ``UpstreamSearch/open(_:)`` then, or sends what it found along.
    func takesFirstBytesAlong(to address: SocketAddress) -> Bool

    /// Whether the upstream of a socket that is connected is there. A check of datagrams asks it, and says no: the check is
    /// over when an answer comes.
    func isThere(_ socket: PeerSocket) throws(SystemError) -> Bool

    /// A socket is connected; the other attempts are closed. It may not be registered with epoll yet.
    func searchSucceeded(_ socket: PeerSocket)

    /// No upstream can be had.
    func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt)

    /// ``UpstreamSearch/nextDeadline`` may have changed.
    func searchDeadlineChanged()

    /// The connected upstream takes datagrams, and has refused them or answered none in time. Its socket is closed, and the
    /// search goes on.
    func upstreamWasLeft()
}

extension UpstreamSearchOwner {
    /// No: it has nothing to say yet, or keeps it.
    func takesFirstBytesAlong(to address: SocketAddress) -> Bool { false }

    /// Yes: of a session nobody asks.
    func isThere(_ socket: PeerSocket) throws(SystemError) -> Bool { true }

    /// Nothing: a stream is connected or it is not.
    func upstreamWasLeft() {}
}
