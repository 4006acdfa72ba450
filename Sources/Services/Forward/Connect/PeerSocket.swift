// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor

/// The owner of a ``PeerSocket``: a session that relays, or a check.
protocol PeerSocketOwner: AnyObject {
    /// Called when the socket is ready, which includes that it has connected or failed to connect.
    func peerReady(_ socket: PeerSocket, _ readiness: Readiness) -> Pollable.Turn
}

/// A socket to an upstream, from connect(2) to close(2).
///
/// Once it is connected, a ``RelaySession`` takes over its stream; the socket keeps its slot in the lane's table.
///
/// Concurrency: belongs to the lane of its owner.
final class PeerSocket: Pollable {
    // One byte, since each relayed connection has it: ``ConnectRace`` tries at most 64 addresses.
    private let place: UInt8

    /// The index of its address among those of the name.
    var index: Int { Int(place) }

    /// The socket; a closed one after the stream was taken.
    var stream: Stream

    /// The address that it connects to.
    let address: SocketAddress

    /// The time of connect(2), by ``Clock/monotonic``, in nanoseconds.
    let begun: UInt64

    private var owner: (any PeerSocketOwner)?

    /// Makes a socket and begins to connect it.
    ///
    /// See ``Stream/init(connectingTo:_:from:timers:filters:selfConnects:hasData:)``.
    ///
    /// It is not in the lane's table until ``watch(on:)``.
    ///
    /// - Parameter source: the local address to bind.
    init(
        connectingTo address: SocketAddress, index: Int, of upstream: Upstream, from source: SocketAddress?,
        timers: PeerTimers? = nil, owner: any PeerSocketOwner, on lane: Lane, hasData: Bool = false
    ) throws(SystemError) {
        begun = Clock.monotonic
        self.address = address
        place = UInt8(truncatingIfNeeded: index)
        self.owner = owner
        stream = try Stream(
            connectingTo: address, upstream.kind, from: source, timers: timers,
            filters: upstream.endpoint.options.filters, selfConnects: upstream.selfConnects, hasData: hasData)
        if let filter = lane.filters.upstream, upstream.kind.isByteStream { stream.install(filter()) }
        super.init()
    }

    override func ready(_ readiness: Readiness) -> Turn {
        owner?.peerReady(self, stream.note(readiness)) ?? .done
    }

    /// Adds it to the lane's table and registers it with epoll. Idempotent.
    func watch(on lane: Lane) throws(SystemError) {
        guard !isInTable else { return }
        try lane.watch(self, &stream)
    }

    /// Registers it level-triggered.
    ///
    /// A batch may leave datagrams unread; epoll then reports the socket again.
    func watchLevelTriggered(on lane: Lane) throws(SystemError) {
        try lane.watch(self, stream.raw, for: .readable)
    }

    /// Registers for EPOLLOUT after a short write. Idempotent.
    func awaitWritable(on lane: Lane) throws(SystemError) {
        try lane.awaitWritable(&stream, of: self)
    }

    /// Whether a datagram in the batch comes from the upstream. The kernel does not filter the senders of an RDS socket,
    /// even when it is connected.
    func isSource(of index: Int, in batch: DatagramBatch) -> Bool {
        stream.kind != .rds || batch.source(index)?.canonical == address
    }

    /// Removes it from the lane's table and closes it.
    func close(on lane: Lane) {
        lane.forget(self)
        lane.close(&stream)
        owner = nil
    }
}
