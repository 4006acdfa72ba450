// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Records

/// A connection or flow that has an ``UpstreamSearch`` find it an upstream.
protocol UpstreamSeeker: Session {
    /// An upstream stands. What it sends is told of by ``upstreamReady(_:)``.
    func upstreamStands(_ link: PeerSocket)

    /// The upstream's socket is ready for something.
    func upstreamReady(_ readiness: Readiness) -> Turn

    /// The upstream takes datagrams, and has answered none in time: see ``UpstreamSearch/leaveSilent(sent:)``.
    func upstreamIsSilent()

    /// No upstream can be had.
    func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt)
}

extension UpstreamSeeker {
    /// Stays: a stream stands once it is connected.
    func upstreamIsSilent() {}
}
