// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Records

/// A room in which every member on the listener reads what the others write.
///
/// Members use streams or datagrams of any family. The service carries out the steps that the ``Room`` decides. Bytes for
/// one member are sent at once. Bytes for all are appended to a ``RoomLog``. Each member is then sent the part of the log
/// that it lacks, in one piece, in the order of joining, to as many members in a turn of the lane as ``FanOut`` allows: so
/// the other listeners of the lane get their turns, however many members there are and whatever they do. Meanwhile the log
/// may grow, so under load many lines, and the joins and leaves of many members, are sent together.
///
/// A send may fail and close the connection, whose worker then calls the service before the send returns. The steps that
/// follow from that are carried out afterwards, never in between: the outbox is swapped for an empty one before it is
/// carried out, and new steps go into the empty one.
///
/// Concurrency: belongs to one lane, and all members are on it (``ListenerInForce/sharesOneLane``), so no lock is needed.
final class ChatService: Service {
    /// How many bytes are queued for a member that does not read before it is dropped.
    static let longestQueue = 256 << 10

    /// About how many bytes are copied for the members' lines before other connections get their turn.
    private static let workPerPass = 4 << 20

    /// The timeouts of members that use datagrams.
    let patience: ChatPatience

    private var room = Room()
    private var audience = Audience()
    private var log = RoomLog()

    private var outbox = Outbox()

    /// An empty outbox that keeps its memory for reuse.
    private var spare = Outbox()

    private var isDelivering = false

    /// The pass over the members in progress: the last member served, and the log position at its start.
    ///
    /// When the pass ends, the log is dropped up to that position. Nil while all members have everything.
    private var pass: (reached: UInt64, end: Int)?

    /// Continues the pass in the next turn.
    private let delivery = ChatDelivery()
    private var lane: Lane?

    init(patience: ChatPatience = ChatPatience()) {
        self.patience = patience
    }

    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession {
        ChatWorker(seed, lane: lane, service: self)
    }

    func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow? {
        ChatFlow(flow: seed, lane: lane, service: self)
    }

    /// Whether members have written as much as is fair until all of it was sent.
    var hasDoneEnough: Bool {
        // Every byte is copied once for each member.
        log.count + outbox.bytes.count >= min(32 << 10, Self.workPerPass / max(1, room.count))
    }

    /// Whether so many bytes wait that lines from datagrams, which have no flow control, are dropped.
    var isFull: Bool { log.count + outbox.bytes.count >= Self.longestQueue }

    /// Whether a member is in the room.
    func isMember(_ id: MemberID) -> Bool { room.contains(id) }

    // MARK: - Events

    /// Adds a connection as a member. Call ``deliver()`` afterwards.
    func join(_ worker: ChatWorker) -> MemberID {
        worker.heard = log.end
        return admit(worker, .worker(worker))
    }

    /// Adds a flow of datagrams as a member. Call ``deliver()`` afterwards.
    func join(_ flow: ChatFlow) -> MemberID {
        flow.heard = log.end
        return admit(flow, .flow(flow))
    }

    private func admit(_ connection: Session, _ endpoint: ChatEndpoint) -> MemberID {
        lane = connection.lane
        let id = room.join(
            as: MemberName(peer: connection.identity.peer, connection: connection.identity.number), &outbox)
        audience.append(id, endpoint)
        return id
    }

    /// Processes a line of a member, valid or not. Call ``deliver()`` afterwards.
    func accept(_ kind: LineAssembler.Line, _ line: Span<UInt8>, from id: MemberID) {
        if kind == .text { room.write(line, by: id, &outbox) } else { room.refuse(kind, by: id, &outbox) }
    }

    /// Removes a member after EOF.
    func finish(_ id: MemberID) {
        room.finish(id, &outbox)
        deliver()
    }

    /// Removes a member for a reason outside the room.
    func stop(_ id: MemberID, _ reason: CloseReason, by party: CloseParty) {
        room.stop(id, reason, by: party, &outbox)
        deliver()
    }

    /// Removes the member of a closed connection. If it had not left before, the room announces a lost connection.
    func closed(_ id: MemberID) {
        _ = audience.remove(id)
        room.leave(id, .lost, &outbox)
        deliver()
    }

    // MARK: - Sending

    /// Carries out the steps in the outbox, and those that follow, as far as is fair in this turn.
    func deliver() {
        guard !isDelivering else { return }
        isDelivering = true
        repeat {
            // During a pass, joins and leaves are collected and announced together afterwards.
            if pass == nil { room.tellNews(&outbox) }
            carryOut()
            sendLog()
        } while !outbox.isEmpty || (pass == nil && room.hasNews)
        isDelivering = false
        if let lane { delivery.isNeeded(pass != nil, by: self, on: lane) }
    }

    private func carryOut() {
        while !outbox.isEmpty {
            var current = spare
            swap(&current, &outbox)
            spare = Outbox()
            for step in current.steps { perform(step, of: current) }
            current.removeAll()
            spare = current
        }
    }

    private func perform(_ step: Outbox.Step, of outbox: borrowing Outbox) {
        switch step {
        case .send(let id, let range):
            // Earlier lines go first.
            guard let endpoint = audience[id] else { return }
            catchUp(id, endpoint)
            send(outbox.bytes.span.extracting(range), to: id, endpoint, isAnswer: true)
        case .sendToOthers(let id, let range):
            // A member that is up to date skips its own line.
            let endpoint = audience[id]
            if let endpoint { catchUp(id, endpoint) }
            log.append(outbox.bytes.span.extracting(range))
            if let endpoint { endpoint.heard = log.end }
        case .sendToAll(let range):
            log.append(outbox.bytes.span.extracting(range))
        case .end(let id, let reason, let party):
            if let endpoint = audience[id] { catchUp(id, endpoint) }
            switch audience.remove(id) {
            case .worker(let worker): worker.finish(reason, by: party)
            case .flow(let flow): flow.close(reason, by: party)
            case nil: break
            }
        }
    }

    /// Sends members the part of the log that they lack, until all are up to date or the turn is used up.
    private func sendLog() {
        while !log.isEmpty {
            let reached = pass?.reached ?? 0
            if pass == nil { pass = (0, log.end) }
            guard let (id, endpoint) = audience.next(after: reached) else {
                log.drop(before: pass?.end ?? log.end)
                pass = nil
                continue
            }
            guard let lane, delivery.fanOut.hasUnits(on: lane) else { return }
            pass?.reached = id.number
            catchUp(id, endpoint)
        }
        pass = nil
    }

    /// Sends a member the part of the log that it lacks.
    private func catchUp(_ id: MemberID, _ endpoint: ChatEndpoint) {
        let heard = endpoint.heard
        guard heard < log.end else { return }
        endpoint.heard = log.end
        log.withBytes(from: heard) { send($0, to: id, endpoint, isAnswer: false) }
    }

    private func send(_ bytes: Span<UInt8>, to id: MemberID, _ endpoint: ChatEndpoint, isAnswer: Bool) {
        switch endpoint {
        case .flow(let flow):
            // Datagrams wait in the port's outbox, and many go with one sendmmsg(2).
            note(calls: flow.deliver(bytes) / 8 + 1, bytes: bytes.count)
        case .worker(let worker):
            guard !worker.isDropped || isAnswer else { return }
            // Only bytes that the kernel did not take count: a member that reads may get a long piece at once.
            guard worker.heldBytes == 0 || worker.heldBytes + bytes.count <= Self.longestQueue || worker.isDropped
            else {
                worker.isDropped = true
                room.drop(id, &outbox)
                return
            }
            note(calls: worker.deliver(bytes), bytes: bytes.count)
            if isAnswer, worker.heldBytes > 0 { worker.awaitsReader = true }
        }
    }

    private func note(calls: Int, bytes: Int) {
        if let lane { delivery.fanOut.note(calls: calls, bytes: bytes, on: lane) }
    }

    #if DEBUG
        /// Violations: closed connections in the room, and waiting bytes that nothing will send. Debug builds only.
        var faults: [String] {
            var faults = audience.connections.filter { !$0.isOpen }.map {
                "connection \($0.identity.number) is closed, and still in the room"
            }
            if isDelivering { faults.append("a delivery has not ended") }
            if log.isEmpty != (pass == nil) { faults.append("\(log.count) bytes wait, and nothing sends them") }
            return faults
        }
    #endif
}

extension ChatEndpoint {
    /// The log position up to which the member was sent everything.
    fileprivate var heard: Int {
        get {
            switch self {
            case .worker(let worker): worker.heard
            case .flow(let flow): flow.heard
            }
        }
        nonmutating set {
            switch self {
            case .worker(let worker): worker.heard = newValue
            case .flow(let flow): flow.heard = newValue
            }
        }
    }
}

/// Takes turns among the connections of a lane while a room has bytes to send.
///
/// Concurrency: belongs to one lane. It is in the lane's table only while it needs turns.
final class ChatDelivery: Pollable {
    fileprivate var fanOut = FanOut()
    private var service: ChatService?

    override func ready(_ readiness: Readiness) -> Turn {
        service?.deliver()
        return .done
    }

    /// Requests a turn, or leaves the lane's table.
    fileprivate func isNeeded(_ isNeeded: Bool, by service: ChatService, on lane: Lane) {
        if isNeeded {
            if !isInTable { lane.add(self) }
            self.service = service
            lane.giveTurn(to: self)
        } else if isInTable {
            lane.forget(self)
            self.service = nil
        }
    }
}
