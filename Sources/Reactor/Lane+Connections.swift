// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Records

extension Lane {
    /// Every connection of the lane, in no particular order.
    var workers: [Worker] { table.occupants.compactMap { $0 as? Worker } }

    /// Counts a connection in.
    ///
    /// - Returns: the rule that it would break; then it is not counted.
    func enter(_ profile: ListenerProfile) -> Refusal? {
        let daemonLimit = shared.connectionLimit
        guard shared.connections.enter(limit: daemonLimit) else { return .daemonLimit(daemonLimit) }
        if let limit = profile.connectionLimit, !profile.connections.enter(limit: limit) {
            shared.connections.leave()
            return .listenerLimit(limit)
        }
        if profile.connectionLimit == nil { _ = profile.connections.enter(limit: nil) }
        return nil
    }

    /// Brings an admitted connection to the lane that is to have it.
    func place(_ arrival: consuming Arrival, service: any Service) {
        // It counts where it goes from now on, so that the next one goes elsewhere.
        let target = lane(for: arrival.profile)
        _ = peers[target].connections.enter(limit: nil)
        if target == handle.number {
            begin(arrival, service: service)
        } else {
            peers[target].post(.adopt(arrival.handOver()))
        }
    }

    private func lane(for profile: ListenerProfile) -> Int {
        guard !profile.sharesOneLane, !isLeaving else { return handle.number }
        return HandOver.target(own: handle.number, count: peers.count) { peers[$0].connections.value } ?? handle.number
    }

    /// Takes a connection that another lane accepted.
    func adopt(_ handedOver: LaneHandle.HandedOver) {
        let arrival = Arrival(adopting: handedOver)
        // A listener that was removed or changed in the meantime still keeps its word to whoever it accepted.
        let listener = listeners[arrival.profile.identifier]
        let service = listener?.profile === arrival.profile ? listener?.service : nil
        let worker = begin(arrival, service: service ?? handedOver.profile.makeService())
        // The others of its listener had their time already.
        if listener == nil { worker.stop(.drained, by: .operator) }
    }

    @discardableResult
    private func begin(_ arrival: consuming Arrival, service: any Service) -> Worker {
        let worker = service.makeWorker(for: arrival, on: self)
        let token = table.insert(worker)
        shared.noteChange()
        record(.open, of: worker)
        worker.start()
        // Most clients speak first, and mostly their first bytes are here already. Where messages may be empty, it takes
        // an event to tell one from the end.
        if worker.kind.isByteStream, worker.ready(.readable) == .again { giveTurn(to: worker) }
        guard worker.socket != nil else { return worker }
        do throws(SystemError) {
            try poll.add(worker.raw, for: .connection, token: token)
        } catch {
            worker.close(.error, by: .daemon, errno: error.errno)
            return worker
        }
        if let deadline = worker.nextDeadline { schedule(worker, at: deadline) }
        return worker
    }

    /// Forgets a connection whose socket was closed, and writes its last record.
    func retire(_ worker: Worker, reason: CloseReason, by party: CloseParty, errno: CInt) {
        deadlines.cancel(worker.slot)
        table.remove(worker)
        handle.connections.leave()
        worker.profile.connections.leave()
        shared.connections.leave()
        let traffic = ConnectionTraffic(
            bytesIn: worker.bytesIn, bytesOut: worker.bytesOut, durationMicroseconds: (now &- worker.accepted) / 1000)
        record(.close(ConnectionEnd(reason, by: party, errno: errno, traffic: traffic)), of: worker)
        shared.noteChange()
        if !pausedAcceptors.isEmpty { resumeAccepting() }
    }
}

// MARK: - Records

extension Lane {
    /// Writes a record of every connection that lives.
    public func recordConnections() {
        for worker in workers {
            let traffic = ConnectionTraffic(
                bytesIn: worker.bytesIn, bytesOut: worker.bytesOut,
                durationMicroseconds: (now &- worker.accepted) / 1000)
            record(.live(traffic), of: worker)
        }
    }

    private func record(_ event: ConnectionRecord.Event, of worker: Worker) {
        let record = ConnectionRecord(
            time: Clock.realtime, event: event, connection: worker.identifier, listener: worker.profile.label,
            kind: worker.kind, peer: worker.peer, local: worker.local, credentials: worker.credentials)
        records.append(record, now: now)
    }

    /// Writes that a connection was turned away.
    func recordRefusal(
        _ refusal: Refusal, profile: ListenerProfile, kind: SocketKind, peer: SocketAddress, local: SocketAddress
    ) {
        let record = ConnectionRecord(
            time: Clock.realtime, event: .refused(refusal), connection: 0, listener: profile.label, kind: kind,
            peer: peer, local: local)
        records.append(record, now: now)
    }
}
