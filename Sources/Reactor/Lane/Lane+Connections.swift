// SPDX-License-Identifier: Apache-2.0

package import Addresses
package import LinuxSystem
import Policy
package import Records

extension Lane {
    /// Every session of the lane, in no particular order.
    package var openSessions: [Session] { table.occupants.compactMap { $0 as? Session } }

    /// Hands an admitted connection to the lane that will serve it, which may be this one.
    func place(_ seed: consuming Seed, service: any Service) {
        // Counted on the target lane before it arrives there, so that the next placement sees the new load.
        let target = lane(for: seed.identity.listener)
        seed.admittance.move(to: peers[target].connections)
        if target == handle.number {
            begin(seed, service: service)
        } else {
            peers[target].post(.adopt(SeedParcel(seed)))
        }
    }

    private func lane(for listener: ListenerInForce) -> Int {
        guard !listener.sharesOneLane, !isLeaving else { return handle.number }
        return HandOver.target(own: handle.number, count: peers.count) { peers[$0].connections.value } ?? handle.number
    }

    /// Takes over a connection that another lane accepted.
    func adopt(_ parcel: SeedParcel) {
        guard let seed = parcel.take() else { return }
        // If the listener was removed or changed in the meantime, the connection keeps the settings that it was accepted
        // under.
        let listener = seed.identity.listener
        let here = listeners[listener.identifier]
        let service = here?.current === listener ? here?.service : nil
        let connection = begin(seed, service: service ?? listener.makeService())
        // The listener was removed and its drain timeout is over: its other connections here were stopped already.
        if here == nil { connection.stop(.drained, by: .operator) }
    }

    @discardableResult
    private func begin(_ seed: consuming Seed, service: any Service) -> StreamSession {
        shared.noteChange()
        if seed.identity.listener.plan.proxyTrust.needsHeader(from: seed.identity.peer) {
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

    /// Adds a connection to the table, starts it, and registers its socket with epoll.
    ///
    /// - Parameter announced: whether it is announced now, with an `open` record if the listener logs these.
    private func begin(_ connection: StreamSession, announced: Bool = true) {
        _ = table.insert(connection)
        if let refusal = connection.admit() { return connection.refuse(refusal) }
        if announced {
            connection.isAnnounced = true
            recordOpen(of: connection)
        }
        connection.start()
        // Most clients send first, and their first bytes have usually arrived by now: reading at once saves an event. Where
        // messages may be empty, only an event tells an empty message from EOF.
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

    /// Starts a flow that was admitted.
    ///
    /// - Returns: the flow, or why ``Session/admit()`` refused it. The caller counts and records the refusal.
    func begin(
        _ seed: FlowSeed, _ admittance: consuming Admittance, service: any Service
    ) -> Result<Flow, Refusal> {
        shared.noteChange()
        admittance.move(to: handle.connections)
        guard let flow = service.makeFlow(for: seed, on: self) else {
            preconditionFailure("a datagram listener has a service for datagrams")
        }
        flow.admittance = consume admittance
        _ = table.insert(flow)
        if let refusal = flow.admit() {
            flow.refuse(refusal)
            return .failure(refusal)
        }
        flow.isAnnounced = true
        recordOpen(of: flow)
        flow.start()
        if let deadline = flow.nextDeadline { schedule(flow, at: deadline) }
        return .success(flow)
    }

    /// Whether this daemon listens on a datagram socket with this address.
    package func isOwnPort(_ address: SocketAddress) -> Bool { shared.ownPorts.contains(address) }

    /// Removes a session whose socket is closed from the table, and releases its ``Admittance``.
    private func release(_ session: Session) {
        deadlines.cancel(session.slot)
        table.remove(session)
        session.admittance = nil
    }

    /// Called after a session has released its descriptor and its admittance.
    private func resourcesFreed() {
        shared.noteChange()
        if !pausedAcceptors.isEmpty { resumeAccepting() }
    }

    /// Removes a session whose socket was closed, adds it to the totals, and writes its `close` record.
    ///
    /// A session that was not announced counts as refused instead.
    func retire(_ session: Session, reason: CloseReason, by party: CloseParty, errno: CInt) {
        guard session.isAnnounced else { return retire(session, refused: .ended(reason)) }
        release(session)
        let snapshot = session.snapshot()
        let traffic = traffic(of: session, snapshot.datagrams)
        let connectTime = snapshot.connectMicroseconds
        session.identity.listener.state.totals.count(on: self) { totals in
            totals.end(traffic)
            if let connectTime { totals.connectTimes.record(connectTime) }
            if reason.isFailure { totals.failed &+= 1 }
        }
        let isLogged = session.identity.listener.plan.log.contains(.close)
        if isLogged || records.showsUnloggedEnds {
            write(
                .close(ConnectionEnd(reason, by: party, errno: errno, traffic: traffic)), of: session,
                number: session.identity.number, upstream: snapshot.upstream, isLogged: isLogged)
        }
        resourcesFreed()
    }

    /// Removes a session that was refused before its `open` record. For datagrams, the port records refusals together.
    func retire(_ session: Session, refused refusal: Refusal) {
        release(session)
        if !session.identity.kind.isDatagram {
            recordRefusal(refusal, of: session.identity.listener) {
                let snapshot = session.snapshot()
                return connectionRecord(.refused(refusal), of: session, number: 0, upstream: snapshot.upstream)
            }
        }
        resourcesFreed()
    }
}

extension Lane {
    /// Tells the supervisor that something in the line of `systemctl status` has changed.
    package func noteStatusChange() { shared.noteChange() }
}

// MARK: - Other descriptors

extension Lane {
    /// Adds a pollable to the table, and registers its stream with epoll.
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

    /// Adds a pollable to the table, and registers a descriptor of it that is not a ``Stream``.
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

    /// Ends the process after an error of epoll_ctl(2) that only a bug explains. EEXIST, EBADF and EPERM mean that the
    /// descriptor is not the expected one.
    private static func expectNoBug(_ error: SystemError) {
        if FaultParty(.watch, errno: error.errno, over: .tcp) == .usher { OwnBug.exit(because: error) }
    }

    /// Adds a pollable without a descriptor to the table, for its deadlines, turns and token.
    package func add(_ pollable: Pollable) {
        _ = table.insert(pollable)
    }

    /// Removes a pollable that ``watch(_:_:)`` or ``add(_:)`` added. The caller then closes the descriptor, which
    /// removes it from epoll (epoll(7)).
    package func forget(_ pollable: Pollable) {
        guard pollable.slot >= 0 else { return }
        deadlines.cancel(pollable.slot)
        table.remove(pollable)
    }

    /// Identifies a pollable of this lane to other threads: see ``pollable(_:)``.
    package func token(of pollable: Pollable) -> UInt64 { table.token(of: pollable) }

    /// The pollable of a token; nil if it has left the table.
    package func pollable(_ token: UInt64) -> Pollable? { table.occupant(of: token) }
}

// MARK: - Records

extension Lane {
    /// Writes a `live` record of every open session, over several turns if there are many.
    public func recordConnections() {
        sweep { [self] session in
            guard session.isAnnounced else { return 0 }
            record(session) { .live($0) }
            return 1
        }
    }

    /// Writes a `progress` record of a session.
    package func recordProgress(of session: Session) {
        record(session) { .progress($0) }
    }

    /// Writes a record of the daemon.
    package func write(_ record: DaemonRecord) {
        records.append(record, now: now)
    }

    /// Where the records of this lane go, with what is kept of them.
    package var recordWriter: RecordWriter { records.writer }

    private func recordOpen(of session: Session) {
        let isLogged = session.identity.listener.plan.log.contains(.open)
        guard isLogged || records.showsUnlogged else { return }
        write(.open, of: session, number: session.identity.number, isLogged: isLogged)
    }

    /// Writes a record with a session's traffic so far.
    private func record(_ session: Session, _ event: (ConnectionTraffic) -> ConnectionRecord.Event) {
        let live = liveState(of: session)
        write(event(live.traffic), of: session, number: session.identity.number, upstream: live.upstream)
    }

    private func write(
        _ event: ConnectionRecord.Event, of session: Session, number: UInt64, upstream: consuming UpstreamTrace? = nil,
        isLogged: Bool = true
    ) {
        records.append(
            connectionRecord(event, of: session, number: number, upstream: upstream), now: now, isLogged: isLogged)
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
