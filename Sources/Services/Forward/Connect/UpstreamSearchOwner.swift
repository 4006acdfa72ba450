// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor
import Records

/// The owner of an ``UpstreamSearch``: a session that is relayed, or a check.
protocol UpstreamSearchOwner: Pollable, PeerSocketOwner, Waiting {
    /// Whether the attempt at this address waits until the owner has read the client's first bytes.
    ///
    /// The owner then sends them with the connection attempt, or calls ``UpstreamSearch/open(_:)`` if there are none.
    func sendsFirstBytesEarly(to address: SocketAddress) -> Bool

    /// Whether a connected socket proves that the upstream is reachable.
    ///
    /// A check of datagrams sends its request here and returns false: the answer ends the check.
    func provesReachable(_ socket: PeerSocket) throws(SystemError) -> Bool

    /// A socket is connected, and the other attempts are closed. The socket may not be registered with epoll yet.
    func searchSucceeded(_ socket: PeerSocket)

    /// No upstream could be connected.
    func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt)

    /// ``UpstreamSearch/nextDeadline`` may have changed.
    func searchDeadlineChanged()

    /// The search has closed the connected datagram socket and continues.
    ///
    /// The upstream refused, or did not answer.
    func upstreamWasReplaced()
}

extension UpstreamSearchOwner {
    /// False: the owner has no first bytes, or keeps them.
    func sendsFirstBytesEarly(to address: SocketAddress) -> Bool { false }

    /// True: only checks need proof.
    func provesReachable(_ socket: PeerSocket) throws(SystemError) -> Bool { true }

    /// Does nothing: a connected stream upstream is never replaced.
    func upstreamWasReplaced() {}
}
