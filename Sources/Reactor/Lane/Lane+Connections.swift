// SPDX-License-Identifier: Apache-2.0

package import Addresses
package import LinuxSystem
import Policy
package import Records

extension Lane {
    /// Every session of the lane, in no particular order.
    package var openSessions: [Session] { table.occupants.compactMap { $0 as? Session } }

    /// Brings an admitted connection to the lane that is to have it.
    func place(_ seed: consuming Seed, service: any Service) {
        // It counts where it goes from now on, so that the next one goes elsewhere.
        let target = lane(for: seed.identity.listener)
        seed.admittance.take(peers[target].connections)
        if target == handle.number {
            begin(seed, service: service)
        } else {
            peers[target].post(.adopt(SeedParcel(seed)))
        }
    }

    private func lane(for listener: ListenerInForce) -> Int {
        guard !listener.plan.sharesOneLane, !isLeaving else { return handle.number }
        return HandOver.target(own: handle.number, count: peers.count) { peers[$0].connections.value } ?? handle.number
    }

    /// Takes a connection that another lane accepted.
    func adopt(_ parcel: SeedParcel) {
        guard let seed = parcel.take() else { return }
        // A listener that was removed or changed in the meantime still keeps its word to whoever it accepted.
        let listener = seed.identity.listener
        let here = listeners[listener.identifier]
        let service = here?.current === listener ? here?.service : nil
        let connection = begin(seed, service: service ?? listener.makeService())
        // The others of its listener had their time already.
        if here == nil { connection.stop(.drained, by: .operator) }
    }

    @discardableResult
    private func begin(_ seed: consuming Seed, service: any Service) -> StreamSession {
        shared.noteChange()
        if seed.identity.listener.plan.admission.needsHeader(from: seed.identity.peer) {
            let preamble = Preamble(seed, lane: self, service: service)
            begin(preamble, announced: false)
            return preamble
        }
        let session = makeSession(for: seed, service: service)
        begin(session)
        return session
    }

    /// Hands the connection to its service after the PROXY header was read.
    func pass(_ preamble: Preamble, _ seed: consuming Seed, service: any Service) {
        deadlines.cancel(preamble.slot)
        table.remove(preamble)
        begin(makeSession(for: seed, service: service))
    }

    private func makeSession(for seed: consuming Seed, service: any Service) -> StreamSession {
        if let filter = filters.client, seed.identity.kind.isByteStream { seed.stream.install(filter()) }
        return service.makeSession(for: seed, on: self)
    }

    /// - Parameter announced: whether an `open` record is written.
    private func begin(_ connection: StreamSession, announced: Bool = true) {
        _ = table.insert(connection)
        if let refusal = connection.admit() { return connection.refuse(refusal) }
        if announced {
            announce(connection)
            if connection.identity.listener.plan.log.contains(.open) {
                write(.open, of: connection, number: connection.identity.number)
            }
        }
        connection.start()
        // Most clients speak first, and mostly their first bytes are here already. Where messages may be empty, it takes
        // an event to tell one from the end.
        if connection.identity.kind.isByteStream, connection.isOpen, connection.ready(.readable) == .again {
            giveTurn(to: connection)
        }
        guard connection.isOpen else { return }
        do throws(SystemError) {
            try register(&connection.client, of: connection)
        } catch {
            Self.expectNoBug(error)
            return connection.close(.error, by: .daemon, errno: error.errno)
        }
        if let deadline = connection.nextDeadline { schedule(connection, at: deadline) }
    }

    /// Begins a flow that was admitted.
    ///
    /// - Returns: the flow, or why it was turned away after all; who refuses many tells of them together.
    func begin(
        _ seed: FlowSeed, _ admittance: consuming Admittance, service: any Service
    ) -> Result<Flow, Refusal> {
        shared.noteChange()
        admittance.take(handle.connections)
        guard let flow = service.makeFlow(for: seed, on: self) else {
            preconditionFailure("a datagram listener has a service for datagrams")
        }
        flow.admittance = consume admittance
        _ = table.insert(flow)
        if let refusal = flow.admit() {
            flow.refuse(refusal)
            return .failure(refusal)
        }
        announce(flow)
        if flow.identity.listener.plan.log.contains(.open) { write(.open, of: flow, number: flow.identity.number) }
        flow.start()
        if let deadline = flow.nextDeadline { schedule(flow, at: deadline) }
        return .success(flow)
    }

    /// Whether an address is a datagram socket on which this daemon listens.
    package func isOwnPort(_ address: SocketAddress) -> Bool { shared.ownPorts.contains(address) }

    private func announce(_ session: Session) {
        session.isAnnounced = true
        session.identity.listener.state.totals.count(on: self) { $0.accepted &+= 1 }
    }

    /// Called once the socket of a session is closed: the session leaves the table and gives its places back.
    private func leave(_ session: Session) {
        deadlines.cancel(session.slot)
        table.remove(session)
        session.admittance = nil
    }

    /// Called when something that a session held is free again.
    private func left() {
        shared.noteChange()
        if !pausedAcceptors.isEmpty { resumeAccepting() }
    }

    /// Forgets a session whose socket was closed, and writes its last record.
    func retire(_ session: Session, reason: CloseReason, by party: CloseParty, errno: CInt) {
        guard session.isAnnounced else { return retire(session, refused: .ended(reason)) }
        leave(session)
        let snapshot = session.snapshot()
        let traffic = traffic(of: session, snapshot.datagrams)
        let connectTime = snapshot.connectMicroseconds
        session.identity.listener.state.totals.count(on: self) { totals in
            totals.end(traffic)
            if let connectTime { totals.connectTimes.record(connectTime) }
            if reason.isFailure { totals.failed &+= 1 }
        }
        if session.identity.listener.plan.log.contains(.close) {
            write(
                .close(ConnectionEnd(reason, by: party, errno: errno, traffic: traffic)), of: session,
                number: session.identity.number, upstream: snapshot.upstream)
        }
        left()
    }

    /// Forgets a session that was refused before its `open` record. Of datagrams, many may be refused at once: their port
    /// tells of them together.
    func retire(_ session: Session, refused refusal: Refusal) {
        leave(session)
        if !session.identity.kind.isDatagram {
            recordRefusal(refusal, of: session.identity.listener) {
                let snapshot = session.snapshot()
                return connectionRecord(.refused(refusal), of: session, number: 0, upstream: snapshot.upstream)
            }
        }
        left()
    }
}

extension Lane {
    /// Something that the line of `systemctl status` tells has changed.
    package func noteStatusChange() { shared.noteChange() }
}

// MARK: - Other descriptors

extension Lane {
    /// Gives a pollable a place in the table, and watches its stream.
    package func watch(_ pollable: Pollable, _ stream: inout Stream) throws(SystemError) {
        _ = table.insert(pollable)
        do throws(SystemError) {
            try register(&stream, of: pollable)
        } catch {
            Self.expectNoBug(error)
            table.remove(pollable)
            throw error
        }
    }

    /// Gives a pollable a place in the table, and watches a descriptor of it that is no stream.
    package func watch(_ pollable: Pollable, _ raw: CInt, for readiness: Readiness) throws(SystemError) {
        let token = table.insert(pollable)
        do throws(SystemError) {
            try poll.add(raw, for: readiness, token: token)
        } catch {
            Self.expectNoBug(error)
            table.remove(pollable)
            throw error
        }
    }

    /// A descriptor that is watched already, or can't be, is not the one that it was taken for.
    private static func expectNoBug(_ error: SystemError) {
        if FaultParty(.watch, errno: error.errno, over: .tcp) == .usher { OwnBug.end(because: error) }
    }

    /// Gives a pollable a place for its deadlines, and a token, without a descriptor.
    package func enroll(_ pollable: Pollable) {
        _ = table.insert(pollable)
    }

    /// Forgets what ``watch(_:_:)`` or ``enroll(_:)`` took up. The descriptor is closed afterwards, which ends the watch.
    package func forget(_ pollable: Pollable) {
        guard pollable.slot >= 0 else { return }
        deadlines.cancel(pollable.slot)
        table.remove(pollable)
    }

    /// What stands for a pollable of this lane where other threads see it: see ``pollable(_:)``.
    package func token(of pollable: Pollable) -> UInt64 { table.token(of: pollable) }

    /// The pollable that a token stands for; nil if it is gone.
    package func pollable(_ token: UInt64) -> Pollable? { table.occupant(of: token) }
}

// MARK: - Records

extension Lane {
    /// Writes a record of every session that is open.
    public func recordConnections() {
        sweep { [self] session in
            guard session.isAnnounced else { return 0 }
            record(session) { .live($0) }
            return 1
        }
    }

    /// Writes how far a session has come.
    package func recordProgress(of session: Session) {
        record(session) { .progress($0) }
    }

    /// Writes a record of the daemon.
    package func write(_ record: DaemonRecord) {
        records.append(record, now: now)
    }

    /// Writes a record of what a session has moved until now.
    private func record(_ session: Session, _ event: (ConnectionTraffic) -> ConnectionRecord.Event) {
        let live = live(session)
        write(event(live.traffic), of: session, number: session.identity.number, upstream: live.upstream)
    }

    private func write(
        _ event: ConnectionRecord.Event, of session: Session, number: UInt64, upstream: consuming UpstreamTrace? = nil
    ) {
        records.append(connectionRecord(event, of: session, number: number, upstream: upstream), now: now)
    }

    private func connectionRecord(
        _ event: ConnectionRecord.Event, of session: Session, number: UInt64, upstream: consuming UpstreamTrace?
    ) -> ConnectionRecord {
        // Field by field: a copy of the whole identity would retain all that it refers to.
        ConnectionRecord(
            time: Clock.realtime, event: event, connection: number, listener: session.identity.listener.label,
            kind: session.identity.kind, peer: session.identity.peer, local: session.identity.local,
            credentials: session.identity.credentials, via: session.identity.origin?.via, upstream: upstream)
    }
}
