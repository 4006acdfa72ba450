// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor

/// The socket of one flow to its upstream.
///
/// Concurrency: belongs to the lane of its flow.
final class UpstreamPort: Pollable {
    /// The number of the socket.
    let raw: CInt

    /// Where it goes to.
    let address: SocketAddress

    /// How many datagrams to ask for: most flows bring one at a time.
    var expected = 1

    /// How many datagrams its socket had lost for want of room when it was last heard of.
    var knownDrops: UInt32 = 0

    private var descriptor: OwnedDescriptor?
    private var relay: DatagramRelay?

    init(_ descriptor: consuming OwnedDescriptor, to address: SocketAddress, relay: DatagramRelay) {
        raw = descriptor.raw
        self.descriptor = consume descriptor
        self.address = address
        self.relay = relay
        super.init()
    }

    override func ready(_ readiness: Readiness) -> Turn { relay?.upstreamReady() ?? .done }

    /// Closes the socket.
    func close(on lane: Lane) {
        lane.forget(self)
        descriptor = nil
        relay = nil
    }
}
