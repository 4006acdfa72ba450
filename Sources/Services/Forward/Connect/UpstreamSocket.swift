// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor

/// A socket to an upstream, from the attempt to connect to the end.
///
/// Concurrency: belongs to the lane of its connection.
final class UpstreamSocket: Pollable, AttemptedSocket {
    /// The number of the socket.
    let raw: CInt

    /// Which of the addresses it goes to.
    let index: Int

    /// Where it goes to.
    let address: SocketAddress

    /// When the attempt began, by ``Clock/monotonic``.
    let begun: UInt64

    /// Whether an event says when it takes more.
    private(set) var awaitsRoom = false

    private var descriptor: OwnedDescriptor?
    private var relay: RelayConnection?

    init(_ descriptor: consuming OwnedDescriptor, to address: SocketAddress, index: Int, relay: RelayConnection) {
        raw = descriptor.raw
        self.descriptor = consume descriptor
        self.address = address
        self.index = index
        self.relay = relay
        begun = Clock.monotonic
        super.init()
    }

    override func ready(_ readiness: Readiness) -> Turn {
        relay?.upstreamReady(self, readiness) ?? .done
    }

    /// Watches the socket: for room too if it is to say that it is connected, or has not taken all.
    func watch(forRoom: Bool, on lane: Lane) throws(SystemError) {
        try lane.watch(self, raw, for: forRoom ? .connection : .input)
        awaitsRoom = forRoom
    }

    /// It has not taken something: from now on an event says when it takes more.
    func awaitRoom(on lane: Lane) throws(SystemError) {
        guard !awaitsRoom else { return }
        try lane.watchWriting(of: self, raw)
        awaitsRoom = true
    }

    /// Closes the socket.
    func close(on lane: Lane) {
        lane.forget(self)
        descriptor = nil
        relay = nil
    }
}
