// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor

/// What has a ``PeerSocket``: a session that relays, or a check.
protocol PeerSocketOwner: AnyObject {
    /// The socket is ready for something, or has become writable because it is connected, or has failed to connect.
    func peerReady(_ socket: PeerSocket, _ readiness: Readiness) -> Pollable.Turn
}

/// A socket to an upstream, from the attempt to connect to the end. A ``RelaySession`` takes its stream once it is connected,
/// and leaves it the place in the lane's table.
///
/// Concurrency: belongs to the lane of its owner.
final class PeerSocket: Pollable {
    // In a byte, since each relayed connection has it: ``ConnectRace`` looks at 64 addresses.
    private let place: UInt8

    /// Which of the addresses of a name it goes to.
    var index: Int { Int(place) }

    /// The socket; a closed one once it was taken.
    var stream: Stream

    /// Where it goes to.
    let address: SocketAddress

    /// When the attempt to connect began, by ``Clock/monotonic``.
    let begun: UInt64

    private var owner: (any PeerSocketOwner)?

    /// Makes a socket and begins to connect it: ``Stream/init(connectingTo:_:from:timers:filters:selfConnects:hasData:)``.
    /// It is not in the lane's table yet: ``watch(on:)``.
    ///
    /// - Parameter source: the address to come from.
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

    /// Gives it a place in the lane's table and registers it with epoll. Idempotent.
    func watch(on lane: Lane) throws(SystemError) {
        guard !isWatched else { return }
        try lane.watch(self, &stream)
    }

    /// Registers it level-triggered, for datagrams that are read in batches: epoll reports it as long as it has any.
    func watchLevelTriggered(on lane: Lane) throws(SystemError) {
        try lane.watch(self, stream.raw, for: .readable)
    }

    /// Registers for EPOLLOUT after a short write. Idempotent.
    func awaitWritable(on lane: Lane) throws(SystemError) {
        try lane.awaitWritable(&stream, of: self)
    }

    /// Whether a datagram in the batch comes from the upstream. To a socket of RDS, connected or not, anybody may send.
    func isSource(of index: Int, in batch: DatagramBatch) -> Bool {
        stream.kind != .rds || batch.source(index)?.canonical == address
    }

    /// Takes it out of the lane's table and closes it.
    func close(on lane: Lane) {
        lane.forget(self)
        lane.close(&stream)
        owner = nil
    }
}
