// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor

/// A socket to an upstream of either nature, from the attempt to connect to the end.
///
/// Concurrency: belongs to the lane of its connection or flow.
final class UpstreamLink<Seeker: UpstreamSeeker>: Pollable, AttemptedSocket {
    /// The number of the socket.
    let raw: CInt

    /// The kind of the socket.
    let kind: SocketKind

    /// Where it goes to, and which of the addresses of its name that is.
    let address: SocketAddress
    let index: Int

    /// When the attempt began, by ``Clock/monotonic``.
    let begun = Clock.monotonic

    private var descriptor: OwnedDescriptor?
    private var search: UpstreamSearch<Seeker>?

    init(
        _ descriptor: consuming OwnedDescriptor, _ kind: SocketKind, to address: SocketAddress, index: Int,
        for search: UpstreamSearch<Seeker>
    ) {
        raw = descriptor.raw
        self.descriptor = consume descriptor
        self.kind = kind
        self.address = address
        self.index = index
        self.search = search
        super.init()
    }

    override func ready(_ readiness: Readiness) -> Turn { search?.linkReady(self, readiness) ?? .done }

    /// Sends a message, or as many bytes of a stream as there is room for.
    func send(_ bytes: RawSpan) throws(SystemError) -> Transfer {
        guard kind == .rds else { return try Transfer.send(raw, from: bytes) }
        // RDS takes no flags.
        var copy: [UInt8] = []
        copy.append(copying: bytes)
        return try MessageSocket.send(kind, raw, copy) ? .moved(copy.count) : .wouldBlock
    }

    /// Whether a datagram comes from the upstream. To a socket of RDS, connected or not, anybody may send.
    func isSource(of index: Int, in batch: DatagramBatch) -> Bool {
        kind != .rds || batch.source(index)?.canonical == address
    }

    /// Closes the socket.
    func close(on lane: Lane) {
        lane.forget(self)
        descriptor = nil
        search = nil
    }
}
