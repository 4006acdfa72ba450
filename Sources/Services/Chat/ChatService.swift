// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Records

/// A room in which every member on the listener reads what the others write, over streams or datagrams of any family.
///
/// It carries out what the ``Room`` says. What is for one member is sent at once. What is for all is put into a
/// ``RoomLog``, and each member is sent what it has not had in one piece, in the order of joining, as many members in a turn
/// of the lane as ``FanOut`` allows: however many members there are and whatever they do, the other listeners of the lane
/// have their turns. Meanwhile more may come into the log, so under load many lines, and the news of many members, go
/// together.
///
/// Sending may break a connection, whose worker then tells the room before the send returns. What follows from that is done
/// after what is being done, never in the middle of it: an outbox is taken away before it is carried out, and filled anew
/// meanwhile.
///
/// Concurrency: belongs to one lane, and all members are on it (``ListenerInForce/sharesOneLane``), so there is nothing to
/// lock.
final class ChatService: Service {
    /// How many bytes are held for a member that does not read, before it is dropped.
    static let longestQueue = 256 << 10

    /// About how many bytes are copied for what members write, before the others have their turn.
    private static let workPerLap = 4 << 20

    /// How long members that come by datagrams may be silent.
    let patience: ChatPatience

    private var room = Room()
    private var audience = Audience()
    private var log = RoomLog()

    private var outbox = Outbox()

    /// An empty outbox with its memory, for the next change.
    private var spare = Outbox()

    private var isDelivering = false

    /// The lap in which members are sent what is in the log: the number of the last member that it has reached, and up to
    /// where the log has been sent once it is over. Nil while all members have everything.
    private var lap: (reached: UInt64, end: Int)?

    /// Continues the lap in the next turn.
    private let courier = ChatCourier()
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

    /// Whether members have written as much as is fair before all have been sent it.
    var hasDoneEnough: Bool {
        // Every byte is copied once for each member.
        log.count + outbox.bytes.count >= min(32 << 10, Self.workPerLap / max(1, room.count))
    }

    /// Whether so much waits to be sent that what comes by datagrams, which nothing holds back, is lost.
    var isFull: Bool { log.count + outbox.bytes.count >= Self.longestQueue }

    /// Whether a member is in the room.
    func isMember(_ id: MemberID) -> Bool { room.contains(id) }

    // MARK: - What happens

    /// A connection joins. ``deliver()`` has to be called afterwards.
    func join(_ worker: ChatWorker) -> MemberID {
        worker.heard = log.end
        return admit(worker, .worker(worker))
    }

    /// A flow of datagrams joins. ``deliver()`` has to be called afterwards.
    func join(_ flow: ChatFlow) -> MemberID {
        flow.heard = log.end
        return admit(flow, .flow(flow))
    }

    private func admit(_ connection: Session, _ seat: Audience.Seat) -> MemberID {
        lane = connection.lane
        let id = room.join(
            as: MemberName(peer: connection.identity.peer, connection: connection.identity.number), &outbox)
        audience.append(id, seat)
        return id
    }

    /// A member wrote a line, or something that is none. ``deliver()`` has to be called afterwards.
    func accept(_ kind: LineAssembler.Line, _ line: Span<UInt8>, from id: MemberID) {
        if kind == .text { room.write(line, by: id, &outbox) } else { room.refuse(kind, by: id, &outbox) }
    }

    /// A member has finished writing.
    func finish(_ id: MemberID) {
        room.finish(id, &outbox)
        deliver()
    }

    /// A member has to go.
    func stop(_ id: MemberID, _ reason: CloseReason, by party: CloseParty) {
        room.stop(id, reason, by: party, &outbox)
        deliver()
    }

    /// A connection is closed. If its member had not left, it was lost.
    func closed(_ id: MemberID) {
        _ = audience.remove(id)
        room.leave(id, .lost, &outbox)
        deliver()
    }

    // MARK: - Carrying out

    /// Does what is to be done, and what follows from it, as much as is fair in this turn.
    func deliver() {
        guard !isDelivering else { return }
        isDelivering = true
        repeat {
            // While a lap is under way, what becomes of members is gathered, to be told together.
            if lap == nil { room.tellNews(&outbox) }
            carryOut()
            walk()
        } while !outbox.isEmpty || (lap == nil && room.hasNews)
        isDelivering = false
        if let lane { courier.isNeeded(lap != nil, by: self, on: lane) }
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
            // What was said before comes first.
            guard let seat = audience[id] else { return }
            catchUp(id, seat)
            send(outbox.bytes.span.extracting(range), to: id, seat, isAnswer: true)
        case .sendToOthers(let id, let range):
            // A member that has had everything before skips its own words.
            let seat = audience[id]
            if let seat { catchUp(id, seat) }
            log.append(outbox.bytes.span.extracting(range))
            if let seat { seat.heard = log.end }
        case .sendToAll(let range):
            log.append(outbox.bytes.span.extracting(range))
        case .end(let id, let reason, let party):
            if let seat = audience[id] { catchUp(id, seat) }
            switch audience.remove(id) {
            case .worker(let worker): worker.finish(reason, by: party)
            case .flow(let flow): flow.close(reason, by: party)
            case nil: break
            }
        }
    }

    /// Sends members what they have not had, until all have everything or it is the others' turn.
    private func walk() {
        while !log.isEmpty {
            let reached = lap?.reached ?? 0
            if lap == nil { lap = (0, log.end) }
            guard let (id, seat) = audience.next(after: reached) else {
                log.drop(before: lap?.end ?? log.end)
                lap = nil
                continue
            }
            guard let lane, courier.fanOut.mayGoOn(on: lane) else { return }
            lap?.reached = id.number
            catchUp(id, seat)
        }
        lap = nil
    }

    /// Sends a member what it has not had.
    private func catchUp(_ id: MemberID, _ seat: Audience.Seat) {
        let heard = seat.heard
        guard heard < log.end else { return }
        seat.heard = log.end
        log.withBytes(from: heard) { send($0, to: id, seat, isAnswer: false) }
    }

    private func send(_ bytes: Span<UInt8>, to id: MemberID, _ seat: Audience.Seat, isAnswer: Bool) {
        switch seat {
        case .flow(let flow):
            // They wait in the port's outbox, and many go with one call.
            note(calls: flow.deliver(bytes) / 8 + 1, bytes: bytes.count)
        case .worker(let worker):
            guard !worker.isDropped || isAnswer else { return }
            // Only what the kernel has not taken counts: a member that reads may be offered a long piece at once.
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
        if let lane { courier.fanOut.note(calls: calls, bytes: bytes, on: lane) }
    }

    #if DEBUG
        /// What is wrong: every connection in the table is open, and what waits to be sent has its turn. Debug builds only.
        var faults: [String] {
            var faults = audience.connections.filter { !$0.isOpen }.map {
                "connection \($0.identity.number) is closed, and still in the room"
            }
            if isDelivering { faults.append("a delivery has not ended") }
            if log.isEmpty != (lap == nil) { faults.append("\(log.count) bytes wait, and nothing sends them") }
            return faults
        }
    #endif
}

extension Audience.Seat {
    /// Up to where in the log the member has been sent everything.
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

/// Has its turn among the connections of a lane while a room has something to send.
///
/// Concurrency: belongs to one lane. It is in the lane's table only while it is needed.
final class ChatCourier: Pollable {
    fileprivate var fanOut = FanOut()
    private var service: ChatService?

    override func ready(_ readiness: Readiness) -> Turn {
        service?.deliver()
        return .done
    }

    /// Asks for a turn, or needs none any more.
    fileprivate func isNeeded(_ isNeeded: Bool, by service: ChatService, on lane: Lane) {
        if isNeeded {
            if !isWatched { lane.enroll(self) }
            self.service = service
            lane.giveTurn(to: self)
        } else if isWatched {
            lane.forget(self)
            self.service = nil
        }
    }
}
