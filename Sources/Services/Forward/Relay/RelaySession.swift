// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import ProxyProtocol
import Reactor
import Records

/// A connection that is relayed to an upstream: first one is found and connected to, while what the client sends waits
/// in the kernel; then bytes go both ways until both sides have finished.
///
/// What is decided is decided in ``ConnectRace`` and ``Relay``, which hold no socket; here are the sockets.
final class RelaySession: StreamSession {
    // What every event looks at comes first, as in ``Session``.

    /// The search for an upstream, until that is connected: an idle relay has none.
    var search: UpstreamSearch?

    /// How it ends, while the client is given what it has not taken yet.
    var pendingReset: Relay.Ending?

    /// The socket to the upstream, once that is connected; ``peer`` has its events.
    var upstream = Stream(closed: .tcp)

    /// What has the place in the lane's table for the events of ``upstream``; nil until that is connected.
    var peer: PeerSocket?

    var relay = Relay()
    var toUpstream = RelayChannel()
    var toClient = RelayChannel()

    var group: UpstreamGroup

    /// Its place at the upstream, once that is connected.
    private(set) var place: UpstreamPlace?

    private var abortPause: UInt64 = 1_000_000

    /// When the side that has not finished has had its time, and when the next record of progress is due.
    private(set) var halfCloseDeadline = UInt64.max
    var progressDeadline: UInt64

    init(_ seed: consuming Seed, lane: Lane, group: UpstreamGroup) {
        self.group = group
        progressDeadline = Self.firstProgress(of: group, since: seed.identity.accepted)
        super.init(seed, lane: lane)
    }

    override func snapshot() -> SessionSnapshot {
        SessionSnapshot(upstream: search?.trace ?? place?.trace(of: peer))
    }

    // MARK: - Events

    override func admit() -> Refusal? {
        if let loopRefusal { return loopRefusal }
        let search = UpstreamSearch(
            in: group, from: identity.sourceHash, on: lane, purpose: .connection)
        self.search = search
        return search.admit(self)
    }

    override func start() {
        search?.begin()
        if isOpen, !awaitsFirstBytes { setDeadline() }
    }

    override func ready(_ readiness: Readiness) -> Turn {
        let readiness = client.note(readiness)
        if search != nil {
            // What it has sent until now was seen to, if anything was.
            guard clientReadyEarly(readiness) else { return .done }
        }
        note(readiness, of: .client)
        return run()
    }

    /// Tells the relay what an event said.
    private func note(_ readiness: Readiness, of side: RelaySide) {
        relay.ready(
            side, toRead: !readiness.isDisjoint(with: .anyInput), toWrite: readiness.contains(.writable),
            hasError: readiness.contains(.error))
    }

    func peerReady(_ socket: PeerSocket, _ readiness: Readiness) -> Turn {
        if socket !== peer {
            search?.attemptReady(socket, readiness)
            guard socket === peer, isOpen else { return .done }
        }
        // The event that tells that it stands may tell of its end as well, and nothing will tell of that again.
        note(upstream.note(readiness), of: .upstream)
        return run()
    }

    /// Moves what can be moved.
    func run() -> Turn {
        guard isOpen else { return .done }
        if let pendingReset {
            // There is nobody left to take leave of.
            if relay.hasErred(pendingReset.side.other) { abort(pendingReset) }
            return .done
        }
        switch relay.run(on: self) {
        case .close(let ending):
            end(ending)
            return .done
        case .again:
            return watchStalledSides() ? .again : .done
        case .wait:
            _ = watchStalledSides()
            return .done
        }
    }

    /// Sees to it that a relay with a side that has finished, or has not taken something, goes on in time.
    ///
    /// - Returns: whether the connection is still open.
    private func watchStalledSides() -> Bool {
        if relay.isFlowing { return true }
        noteHalfClose()
        return awaitWritableSides()
    }

    /// Sees to it that an event tells when a side that has not taken something takes more.
    ///
    /// - Returns: whether the connection is still open.
    private func awaitWritableSides() -> Bool {
        if relay.toClient.isHolding { awaitWritable() }
        guard isOpen, relay.toUpstream.isHolding, let peer else { return isOpen }
        do throws(SystemError) {
            try lane.awaitWritable(&upstream, of: peer)
            return true
        } catch {
            close(.error, by: .daemon, errno: error.errno)
            return false
        }
    }

    /// The upstream stands: what the client sends goes there from now on.
    ///
    /// - Parameters:
    ///   - isWritable: whether it is known to take more.
    ///   - clientIsEmpty: whether all that the client has sent was read.
    func connected(to socket: PeerSocket, of search: UpstreamSearch, isWritable: Bool, clientIsEmpty: Bool) {
        group = search.group
        place = search.takePlace()
        peer = socket
        upstream = socket.stream.take()
        if client.canSplice, upstream.canSplice {
            toUpstream.mode = .copying(full: 0)
            toClient.mode = .copying(full: 0)
        }
        self.search = nil
        relay = Relay(isHoldingForUpstream: toUpstream.isHolding)
        relay.ready(.upstream, toRead: false, toWrite: isWritable)
        setDeadline()
        guard !clientIsEmpty else { return }
        // The event that told of its first bytes may be long gone.
        relay.ready(.client, toRead: true, toWrite: false)
        lane.giveTurn(to: self)
    }

    // MARK: - Deadlines

    override func deadlineReached() {
        if pendingReset != nil { return abortOnceSent() }
        passUpstreamDeadlines()
        guard isOpen else { return }
        if search == nil, halfCloseDeadline <= lane.now { return stop(.halfCloseTimeout, by: .daemon) }
        setDeadline()
    }

    private func noteHalfClose() {
        if relay.lastsOnlyToDrain { limitEnd() }
        guard relay.isHalfClosed, halfCloseDeadline == .max, let timeout = group.halfCloseTimeout else { return }
        halfCloseDeadline = lane.now + timeout
        setDeadline()
    }

    // MARK: - The end

    /// Both directions are over.
    private func end(_ ending: Relay.Ending) {
        guard ending.isBroken else {
            return ending.side == .client ? close(.clientClosed, by: .client) : close(.upstreamClosed, by: .upstream)
        }
        // A reset throws away what the kernel has not sent yet, so what came before it goes first.
        pendingReset = ending
        limitEnd()
        abortOnceSent()
    }

    private func abort(_ ending: Relay.Ending) {
        resetOnClose(ending.side.other)
        let isOfClient = ending.side == .client
        let end = BrokenEnd(
            ending.errno, of: isOfClient ? .client : .upstream, over: kind(of: ending.side))
        // What is too long for one side has come from the other.
        let party = end.reason == .messageTooLong ? .daemon : end.party
        close(end.reason, by: party, errno: end.errno)
    }

    /// Looks whether the kernel has sent all. No event tells of it, so it is asked after pauses, each twice the one before.
    private func abortOnceSent() {
        guard let pendingReset else { return }
        let other = pendingReset.side.other
        if !relay.hasErred(other), hasUnsent(other) {
            ownDeadline = lane.now + abortPause
            abortPause *= 2
        } else {
            abort(pendingReset)
        }
    }

    /// Ends a relay whose sides have not ended it: those who would miss bytes are told so by a reset.
    override func stop(_ reason: CloseReason, by party: CloseParty) {
        guard isOpen else { return }
        if search != nil || toClient.isHolding { client.resetOnClose() }
        if toUpstream.isHolding { upstream.resetOnClose() }
        close(reason, by: party)
    }

    override func endTimedOut() {
        if let broken = pendingReset ?? relay.ending, broken.isBroken { return abort(broken) }
        abort(Relay.Ending(side: relay.hasErred(.client) ? .client : .upstream, isBroken: true, errno: ECONNRESET))
    }

    override func ended(_ reason: CloseReason) {
        search?.end()
        search = nil
        peer?.close(on: lane)
        lane.close(&upstream)
        if toUpstream.isHolding { toUpstream.discard(into: lane.pipes) }
        if toClient.isHolding { toClient.discard(into: lane.pipes) }
        place?.leave(self)
        place = nil
    }

    private func resetOnClose(_ side: RelaySide) {
        switch side {
        case .client: client.resetOnClose()
        case .upstream: upstream.resetOnClose()
        }
    }

    private func hasUnsent(_ side: RelaySide) -> Bool {
        switch side {
        case .client: client.hasUnsent
        case .upstream: upstream.hasUnsent
        }
    }

    /// The kind of a side's socket.
    func kind(of side: RelaySide) -> SocketKind {
        switch side {
        case .client: client.kind
        case .upstream: upstream.kind
        }
    }
}

extension RelaySession {
    /// Both sides would miss bytes, so both are reset.
    func upstreamWentDown() {
        client.resetOnClose()
        upstream.resetOnClose()
        close(.upstreamDown, by: .daemon)
    }
}
