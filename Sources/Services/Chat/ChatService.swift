// SPDX-License-Identifier: Apache-2.0

import Reactor
import Records

/// A room in which everybody on the listener reads what the others write, whatever family they come in by, over streams or
/// datagrams.
///
/// It carries out what the ``Room`` says. Sending may break a connection, whose worker then tells the room before the send
/// returns. What follows from that is done after what is being done, never in the middle of it: an outbox is taken away
/// before it is carried out, and filled anew meanwhile.
///
/// Concurrency: belongs to one lane, and all members are on it (``ListenerProfile/sharesOneLane``), so there is nothing to
/// lock.
final class ChatService: Service {
    /// How many bytes wait for a member that does not read, before it is dropped.
    static let longestQueue = 256 << 10

    /// About how many bytes are copied for what one member writes, before the others have their turn.
    private static let workPerTurn = 4 << 20

    /// How long members that come by datagrams may be silent.
    let patience: ChatPatience

    private var room = Room()

    /// Who can be sent something: the members of the room, and those that left it just now.
    private var workers: [MemberID: ChatWorker] = [:]

    /// The same for those that come by datagrams.
    private var flows: [MemberID: ChatFlow] = [:]

    private var outbox = Outbox()

    /// An empty outbox with its memory, for the next change.
    private var spare = Outbox()

    private var isDelivering = false

    init(patience: ChatPatience = ChatPatience()) {
        self.patience = patience
    }

    func makeConnection(for arrival: consuming Arrival, on lane: Lane) -> Connection {
        ChatWorker(arrival, lane: lane, service: self)
    }

    func makeFlow(for arrival: FlowArrival, on lane: Lane) -> Flow? {
        ChatFlow(flow: arrival, lane: lane, service: self)
    }

    /// Whether a member has written as much as is fair in one turn.
    var hasDoneEnough: Bool {
        // Every byte is copied once for each member.
        outbox.bytes.count >= min(32 << 10, Self.workPerTurn / max(1, room.count))
    }

    /// Whether somebody is in the room.
    func isMember(_ id: MemberID) -> Bool { room.contains(id) }

    // MARK: - What happens

    /// Somebody came. ``deliver()`` has to be called afterwards.
    func join(_ worker: ChatWorker) -> MemberID {
        let id = admit(worker)
        workers[id] = worker
        return id
    }

    /// Somebody came by datagrams. ``deliver()`` has to be called afterwards.
    func join(_ flow: ChatFlow) -> MemberID {
        let id = admit(flow)
        flows[id] = flow
        return id
    }

    private func admit(_ connection: Connection) -> MemberID {
        room.join(as: MemberName(peer: connection.peer, connection: connection.identifier), &outbox)
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
        workers[id] = nil
        flows[id] = nil
        room.leave(id, .lost, &outbox)
        deliver()
    }

    // MARK: - Carrying out

    /// Does what is to be done, and what follows from it.
    func deliver() {
        guard !isDelivering else { return }
        isDelivering = true
        while !outbox.isEmpty {
            var current = spare
            swap(&current, &outbox)
            spare = Outbox()
            for step in current.steps { perform(step, of: current) }
            current.removeAll()
            spare = current
        }
        isDelivering = false
    }

    private func perform(_ step: Outbox.Step, of outbox: borrowing Outbox) {
        switch step {
        case .send(let id, let range):
            let bytes = outbox.bytes.span.extracting(range)
            guard let worker = workers[id] else {
                flows[id]?.deliver(bytes)
                return
            }
            send(bytes, to: worker)
            if worker.heldBytes > 0 { worker.awaitsReader = true }
        case .sendToOthers(let id, let range):
            let bytes = outbox.bytes.span.extracting(range)
            for worker in workers.values where worker.member != id && !worker.isDropped {
                send(bytes, to: worker)
            }
            for flow in flows.values where flow.member != id { flow.deliver(bytes) }
        case .end(let id, let reason, let party):
            workers.removeValue(forKey: id)?.finish(reason, by: party)
            flows.removeValue(forKey: id)?.close(reason, by: party)
        }
    }

    private func send(_ bytes: Span<UInt8>, to worker: ChatWorker) {
        guard let id = worker.member else { return }
        guard worker.heldBytes + bytes.count <= Self.longestQueue || worker.isDropped else {
            worker.isDropped = true
            room.drop(id, &outbox)
            return
        }
        worker.deliver(bytes)
    }

    #if DEBUG
        /// What is wrong: everybody in the tables is open. Debug builds only.
        var faults: [String] {
            (workers.values.filter { !$0.isOpen } + flows.values.filter { !$0.isOpen }).map {
                "connection \($0.identifier) is closed, and still in the room"
            } + (isDelivering ? ["a delivery has not ended"] : [])
        }
    #endif
}
