// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor

/// The socket of one check of an upstream.
///
/// Concurrency: belongs to the lane of its probe.
final class ProbeSocket: Pollable, AttemptedSocket {
    /// The number of the socket.
    let raw: CInt

    /// Where it goes to.
    let address: SocketAddress

    /// Which of the addresses that is.
    let index: Int

    /// Whether the upstream has accepted.
    var isConnected = false

    /// What it has answered so far.
    var answer: [UInt8] = []

    private var descriptor: OwnedDescriptor?
    private var probe: HealthProbe?

    init(_ descriptor: consuming OwnedDescriptor, to address: SocketAddress, index: Int, probe: HealthProbe) {
        raw = descriptor.raw
        self.descriptor = consume descriptor
        self.address = address
        self.index = index
        self.probe = probe
        super.init()
    }

    override func ready(_ readiness: Readiness) -> Turn {
        probe?.ready(self, readiness)
        return .done
    }

    /// Sends all of it, or says that there was no room.
    ///
    /// - Parameter kind: what it is.
    func send(_ bytes: [UInt8], _ kind: SocketKind) throws(SystemError) -> Bool {
        if kind.isDatagram { return try MessageSocket.send(kind, raw, bytes) }
        // unsafe: bytes have no padding that could be read.
        return unsafe try Transfer.send(raw, from: bytes.span.bytes) == .moved(bytes.count)
    }

    /// Closes the socket.
    func close(on lane: Lane) {
        lane.forget(self)
        descriptor = nil
        probe = nil
    }
}
