// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Records

/// Receives the datagrams of one socket on one lane, and passes them to their flows.
///
/// One recvmmsg(2) receives many of them, and one sendmmsg(2) sends the answers. A datagram of a flow that exists already
/// needs no allocation.
///
/// Concurrency: belongs to one lane.
final class DatagramPort: IngressSocket {
    /// How many calls of recvmmsg(2) one turn may make.
    private static let batchesPerTurn = 8

    private let listener: LaneListener
    private let lane: Lane
    private var flows: [FlowKey: Flow] = [:]

    /// How many datagrams to ask for: twice what the last call has received, at least 4. A call that asks for few is
    /// cheaper.
    private var expected = 4

    /// The datagram that is being received, in the lane's batch; nil when none is.
    private var current: Int?

    /// The flow of each entry of the outbox.
    private var senders: [Flow] = []

    /// How many datagrams the kernel has dropped on this socket, as it last reported: SO_RXQ_OVFL.
    private var knownDrops: UInt32 = 0

    private var losses = PortLosses()

    /// The flows that still have to end after the socket was removed; nil until then.
    private var leaving: [Flow]?

    /// How many of them end in one turn: each takes some system calls.
    private static let flowEndsPerTurn = 64

    private let outbox: DatagramOutbox

    /// The lane's buffer for received datagrams.
    private let batch: DatagramBatch

    /// The interface and its errors, for a CAN socket only.
    private let bus: Bus?

    init(_ socket: ListeningSocket, listener: LaneListener, lane: Lane) {
        self.listener = listener
        self.lane = lane
        outbox = DatagramOutbox(socket.kind)
        batch = lane.datagramBatch
        bus = socket.kind == .can ? Bus(socket, listener: listener, lane: lane) : nil
        super.init(socket)
    }

    override func begin() {
        do throws(SystemError) {
            try lane.poll.add(socket.raw, for: .readable, token: token)
            lane.shared.ownPorts.insert(socket.address)
        } catch {
            if FaultParty(.watch, errno: error.errno, over: socket.kind) == .usher { OwnBug.exit(because: error) }
            lane.write(
                .datagramSocketUnwatched(because: error, on: socket.recorded, listener: listener.current.label))
        }
        bus?.begin()
    }

    /// Stops receiving: handles what has arrived, up to one turn's batches, and then ends the flows.
    override func end(leavesBacklog: Bool) -> Turn {
        try? lane.poll.remove(socket.raw)
        _ = ready(.readable)
        bus?.end()
        lane.shared.ownPorts.remove(socket.address)
        leaving = Array(flows.values)
        return endFlows()
    }

    /// Ends some of the flows that are left.
    ///
    /// - Returns: whether there are more.
    private func endFlows() -> Turn {
        let reason: CloseReason = lane.isLeaving ? .stopped : .drained
        // An array of its own: a slice would share the buffer, and removing it from `leaving` would copy all that is left.
        let some = Array(leaving?.suffix(Self.flowEndsPerTurn) ?? [])
        leaving?.removeLast(some.count)
        for flow in some { flow.stop(reason, by: lane.isLeaving ? .daemon : .operator) }
        for flow in some { flow.close(reason, by: .daemon) }
        guard leaving?.isEmpty != false else { return .again }
        for loss in PortLosses.Kind.allCases { if let count = losses[loss].takeRest() { record(loss, count) } }
        return .done
    }

    override func ready(_ readiness: Readiness) -> Turn {
        guard leaving == nil else {
            let turn = endFlows()
            if turn == .done { lane.ended(self) }
            return turn
        }
        for _ in 0..<Self.batchesPerTurn {
            let asked = min(expected, DatagramBatch.capacity(of: socket.kind))
            let count = receive(asked)
            if count < asked { return .done }
        }
        return .again
    }

    override func deadline(at now: UInt64) -> UInt64? {
        for kind in PortLosses.Kind.allCases { if let count = losses[kind].check(at: now) { record(kind, count) } }
        return losses.next
    }

    // MARK: - Receiving

    /// Receives with one call, and sends the answers.
    ///
    /// - Returns: how many datagrams were received.
    private func receive(_ asked: Int) -> Int {
        let count: Int
        do throws(SystemError) {
            count = try batch.receive(from: socket.raw, atMost: asked, kind: socket.kind)
        } catch {
            // A receiver has refused an earlier datagram, or an interface went down. The socket itself remains usable, and
            // the kernel has cleared the error by returning it.
            bus?.failed(error.errno)
            return 0
        }
        expected = max(4, count * 2)
        var index = 0
        while index < count {
            var end = index + 1
            while end < count, batch.isSameFlow(index, end) { end += 1 }
            take(index..<end, of: batch)
            index = end
        }
        current = nil
        flush()
        return count
    }

    /// Passes consecutive datagrams of one flow to it.
    private func take(_ range: Range<Int>, of batch: DatagramBatch) {
        let drops = batch.dropped(range.upperBound - 1)
        if drops != 0, drops != knownDrops {
            lose(.overflow, UInt64(drops &- knownDrops))
            knownDrops = drops
        }
        if let bus, bus.takeErrors(range, of: batch) { return }
        guard let flow = flow(range, of: batch) else { return }
        flow.lastActivity = lane.now
        var start = range.lowerBound
        for index in range {
            flow.traffic.received &+= UInt64(batch.datagramCount(index))
            if batch.isWhole(index) {
                flow.bytesIn &+= UInt64(batch.length(index))
            } else {
                give(start..<index, of: batch, to: flow)
                start = index + 1
                flow.traffic.dropped &+= 1
                lose(.truncated, 1)
            }
        }
        give(start..<range.upperBound, of: batch, to: flow)
    }

    private func give(_ range: Range<Int>, of batch: DatagramBatch, to flow: Flow) {
        guard !range.isEmpty else { return }
        guard flow.isOpen else { return lose(.orphaned, count(range, of: batch)) }
        current = range.lowerBound
        flow.received(range, of: batch)
    }

    /// The flow that some datagrams belong to: an existing one, or a new one if it is admitted.
    private func flow(_ range: Range<Int>, of batch: DatagramBatch) -> Flow? {
        let index = range.lowerBound
        guard let peer = bus == nil ? batch.source(index)?.canonical : busSource(index, of: batch) else {
            return nil
        }
        var local = socket.address
        var isBroadcastOrMulticast = false
        // A socket on all buses answers on the bus that the frame came from.
        if case .can(let interface, _) = peer { local = .can(interface, .none) }
        if let addresses = batch.local(index) {
            isBroadcastOrMulticast = addresses.destination != addresses.answer || addresses.destination.isMulticast
            local = addresses.destination.with(port: socket.address.port ?? 0)
            if isBroadcastOrMulticast, socket.address.isWildcard, !socket.acceptsBroadcast {
                lose(.broadcast, count(range, of: batch))
                return nil
            }
        }
        let key = FlowKey(peer: peer, local: local)
        if let flow = flows[key] { return flow }
        let admittance: Admittance
        do throws(Refusal) {
            // The socket serves the flows that there are, so datagrams of others cannot wait in it.
            if listener.current.state.isPaused { throw .paused }
            admittance = try lane.admit(peer, to: listener.current)
        } catch {
            refuse(range, of: batch, error)
            return nil
        }
        let identity = Identity(
            number: lane.shared.makeIdentifier(), listener: listener.current, kind: socket.kind, peer: peer,
            local: local,
            accepted: lane.now)
        let seed = FlowSeed(identity: identity, port: self, isBroadcastOrMulticast: isBroadcastOrMulticast)
        switch lane.begin(seed, admittance, service: listener.service) {
        case .success(let flow):
            if flow.isOpen { flows[key] = flow }
            return flow
        case .failure(let refusal):
            refuse(range, of: batch, refusal)
            return nil
        }
    }

    /// The source of a frame: a whole bus, or one identifier on it.
    private func busSource(_ index: Int, of batch: DatagramBatch) -> SocketAddress? {
        guard let source = bus?.source(index, of: batch) else { return nil }
        guard listener.service.takesBusAsOne, case .can(let interface, _) = source else { return source }
        return .can(interface, .none)
    }

    private func refuse(_ range: Range<Int>, of batch: DatagramBatch, _ refusal: Refusal) {
        listener.current.state.totals.count(on: lane) { $0.refuse(refusal.kind) }
        lose(.refused(refusal), count(range, of: batch))
    }

    private func count(_ range: Range<Int>, of batch: DatagramBatch) -> UInt64 {
        range.reduce(0) { $0 + UInt64(batch.datagramCount($1)) }
    }

    /// Counts datagrams that were received behind the one that ended their flow.
    func abandon(_ range: Range<Int>, of flow: Flow) {
        guard !range.isEmpty else { return }
        let count = count(range, of: batch)
        flow.traffic.dropped &+= count
        lose(.orphaned, count)
    }

    /// Removes a flow that has ended.
    func forget(_ flow: Flow) {
        if flows[flow.key] === flow { flows[flow.key] = nil }
    }

    #if DEBUG
        /// How many flows there are.
        var flowCount: Int { flows.count }
    #endif

    // MARK: - Sending

    /// Adds the datagram that is being received to the outbox, to send it back.
    func returnCurrent(_ index: Int, to flow: Flow) {
        if !outbox.hasRoom(for: 0) { flush() }
        outbox.append(returning: index, of: batch)
        senders.append(flow)
    }

    /// Adds a flow's datagrams to the outbox. It is sent when it is full, and at the end of the batch or the turn.
    func send(_ bytes: RawSpan, segment: Int, of flow: Flow) {
        guard bytes.byteCount <= outbox.room else {
            flow.sent(DatagramResult(lost: 1, errno: EMSGSIZE))
            return lose(.unsent(EMSGSIZE), 1)
        }
        if !outbox.hasRoom(for: bytes.byteCount) { flush() }
        if senders.isEmpty, current == nil { lane.flushAfterTurn(self) }
        if let bus {
            outbox.append(frame: bytes, segment: segment, over: bus.index(of: flow.identity.peer))
            return senders.append(flow)
        }
        let isJoined = outbox.append(
            bytes, segment: segment, to: flow.identity.peer,
            from: socket.address.isWildcard && !flow.isBroadcastOrMulticast ? flow.identity.local : nil,
            isNext: socket.kind == .udp && senders.last === flow)
        if !isJoined { senders.append(flow) }
    }

    /// Sends the outbox.
    func flush() {
        guard !senders.isEmpty else { return }
        let flows = senders
        senders.removeAll(keepingCapacity: true)
        outbox.flush(to: socket.raw) { index, result in
            flows[index].sent(result)
            if result.lost > 0 { lose(.unsent(result.errno), UInt64(result.lost)) }
        }
    }

    // MARK: - Losses

    func lose(_ kind: PortLosses.Cause, _ count: UInt64) {
        if kind.kind.isCountedByNoFlow {
            listener.current.state.totals.count(on: lane) { $0.datagrams.dropped &+= count }
        }
        if let due = losses.note(kind, count, at: lane.now) { record(kind.kind, due) }
        if let next = losses.next { lane.schedule(self, at: next) }
    }

    private func record(_ kind: PortLosses.Kind, _ count: UInt64) {
        lane.write(losses.record(of: kind, count, label: listener.current.label, socket: socket))
    }
}
