// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import ProxyProtocol
import Reactor
import Records
import Relaying

/// A connection that is relayed to an upstream.
///
/// First an upstream is found and connected, while the client's bytes wait in the kernel. Then bytes move in both directions
/// until both have ended. ``ConnectRace`` and ``Relay`` make the decisions and hold no socket; this class has the sockets.
final class RelaySession: StreamSession {
    // The fields that every event reads come first, as in ``Session``.

    /// The search for an upstream, until it is connected: a relay in progress has none.
    var search: UpstreamSearch?

    /// How the relay ends, while the kernel still sends bytes to the other side.
    var pendingReset: Relay.Ending?

    /// The connected stream to the upstream; ``peer`` receives its events.
    var upstream = Stream(closed: .tcp)

    /// The slot in the lane's table for events of ``upstream``; nil until that is connected.
    var peer: PeerSocket?

    var relay = Relay()
    var toUpstream = RelayChannel()
    var toClient = RelayChannel()

    var group: UpstreamGroup

    /// Its place at the upstream, once that is connected.
    private(set) var place: UpstreamPlace?

    private var abortPause: UInt64 = 1_000_000

    /// When the half-close timeout expires, and when the next progress record is due.
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
            // ``clientReadyEarly(_:)`` handles everything that the client sends before the upstream is connected.
            guard clientReadyEarly(readiness) else { return .done }
        }
        note(readiness, of: .client)
        return run()
    }

    /// Passes an event to the relay.
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
        // The event for the connection may also report data or EOF; it is edge-triggered and not repeated.
        note(upstream.note(readiness), of: .upstream)
        return run()
    }

    /// Moves bytes in both directions as far as possible.
    func run() -> Turn {
        guard isOpen else { return .done }
        if let pendingReset {
            // If the other side has failed too, its unsent bytes cannot arrive.
            if relay.hasError(pendingReset.side.other) { abort(pendingReset) }
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

    /// Sets the deadlines and EPOLLOUT registrations of a relay that is half-closed or holds bytes.
    ///
    /// - Returns: whether the connection is still open.
    private func watchStalledSides() -> Bool {
        if relay.isFlowing { return true }
        noteHalfClose()
        return awaitWritableSides()
    }

    /// Registers for EPOLLOUT on each side for which bytes are held.
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

    /// Takes over the connected socket; the client's bytes go there from now on.
    ///
    /// - Parameters:
    ///   - isWritable: whether the upstream's socket is writable: no write was short.
    ///   - clientIsEmpty: whether everything that the client has sent was read.
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
        // The event for the client's first bytes was edge-triggered and is not repeated.
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
        if relay.isOnlyDraining { limitEnd() }
        guard relay.isHalfClosed, halfCloseDeadline == .max, let timeout = group.halfCloseTimeout else { return }
        halfCloseDeadline = lane.now + timeout
        setDeadline()
    }

    // MARK: - The end

    /// Ends the relay after both directions are over.
    private func end(_ ending: Relay.Ending) {
        guard ending.isBroken else {
            return ending.side == .client ? close(.clientClosed, by: .client) : close(.upstreamClosed, by: .upstream)
        }
        // A reset discards the unsent bytes in the kernel, so wait until the peer has acknowledged them.
        pendingReset = ending
        limitEnd()
        abortOnceSent()
    }

    private func abort(_ ending: Relay.Ending) {
        resetOnClose(ending.side.other)
        let isOfClient = ending.side == .client
        let end = BrokenEnd(
            ending.errno, of: isOfClient ? .client : .upstream, over: kind(of: ending.side))
        // EMSGSIZE: the message came from the other side, so the side that cannot take it is not at fault.
        let party = end.reason == .messageTooLong ? .daemon : end.party
        close(end.reason, by: party, errno: end.errno)
    }

    /// Checks whether the kernel has sent everything (SIOCOUTQ). No event reports this, so it polls, doubling the pause each
    /// time.
    private func abortOnceSent() {
        guard let pendingReset else { return }
        let other = pendingReset.side.other
        if !relay.hasError(other), hasUnsent(other) {
            ownDeadline = lane.now + abortPause
            abortPause *= 2
        } else {
            abort(pendingReset)
        }
    }

    /// Closes a relay that neither side has ended, and resets each side that would miss bytes.
    override func stop(_ reason: CloseReason, by party: CloseParty) {
        guard isOpen else { return }
        if search != nil || toClient.isHolding { client.resetOnClose() }
        if toUpstream.isHolding { upstream.resetOnClose() }
        close(reason, by: party)
    }

    override func endTimedOut() {
        if let broken = pendingReset ?? relay.ending, broken.isBroken { return abort(broken) }
        abort(Relay.Ending(side: relay.hasError(.client) ? .client : .upstream, isBroken: true, errno: ECONNRESET))
    }

    override func ended(_ reason: CloseReason) {
        search?.end()
        search = nil
        peer?.close(on: lane)
        lane.close(&upstream)
        if toUpstream.isHolding { toUpstream.discard(into: lane.pipes) }
        if toClient.isHolding { toClient.discard(into: lane.pipes) }
        if let place = place.take() { place.leave(self) }
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
