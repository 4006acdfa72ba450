// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Records

/// Takes the datagrams of one socket on one lane, and gives them to the flows that they belong to.
///
/// Many come with one call and the answers leave with one: recvmmsg(2), sendmmsg(2). Nothing is allocated for a datagram
/// of a flow that is there.
///
/// Concurrency: belongs to one lane.
final class DatagramPort: Gate {
    /// How many calls a turn may take before the others have theirs.
    private static let batchesPerTurn = 8

    private let listener: Listener
    private let lane: Lane
    private var flows: [FlowKey: Flow] = [:]

    /// How many datagrams to ask for: twice what the last call has brought, so that single ones cost no more than they
    /// must.
    private var expected = 4

    /// The datagram that is being received, in the lane's batch.
    private var current: Int?

    /// Whose the entries of the outbox are.
    private var senders: [Flow] = []

    /// How many datagrams the socket had lost when it was last heard of.
    private var knownDrops: UInt32 = 0

    private var losses = PortLosses()
    private lazy var outbox = DatagramOutbox()

    init(_ socket: ListeningSocket, listener: Listener, lane: Lane) {
        self.listener = listener
        self.lane = lane
        super.init(socket)
    }

    override func begin() {
        do throws(SystemError) {
            try lane.poll.add(socket.raw, for: .readable, token: token)
        } catch {
            let record = DaemonRecord(
                time: Clock.realtime, .failed,
                "cannot watch \(socket.kind.scheme)://\(socket.address): \(error.reason)",
                listener: listener.profile.label, errno: error.errno)
            lane.write(record)
        }
    }

    /// Ends the flows too: there is nothing left from which their datagrams could come.
    override func end() {
        try? lane.poll.remove(socket.raw)
        let reason: CloseReason = lane.isLeaving ? .stopped : .drained
        for flow in flows.values { flow.stop(reason, by: lane.isLeaving ? .daemon : .operator) }
        for flow in flows.values { flow.close(reason, by: .daemon) }
        for loss in PortLosses.Kind.allCases { if let count = losses[loss].end() { tell(loss, count) } }
    }

    override func ready(_ readiness: Readiness) -> Turn {
        for _ in 0..<Self.batchesPerTurn {
            let asked = min(expected, DatagramBatch.capacity)
            let count = receive(asked)
            if count < asked { return .done }
        }
        return .again
    }

    override func deadline(at now: UInt64) -> UInt64? {
        for kind in PortLosses.Kind.allCases { if let count = losses[kind].pass(now) { tell(kind, count) } }
        return losses.next
    }

    // MARK: - In

    /// Takes what one call brings, and sends what is answered.
    ///
    /// - Returns: how many came.
    private func receive(_ asked: Int) -> Int {
        let batch = lane.datagramBatch
        let count: Int
        do throws(SystemError) {
            count = try batch.receive(from: socket.raw, atMost: asked)
        } catch {
            // What was sent before was refused by its receiver, or an interface went down: the socket itself stands, and
            // the error was taken from it by being told.
            return 0
        }
        expected = max(4, count * 2)
        for index in 0..<count {
            current = index
            take(index, of: batch)
        }
        current = nil
        flush()
        return count
    }

    private func take(_ index: Int, of batch: DatagramBatch) {
        let drops = batch.dropped(index)
        if drops != 0, drops != knownDrops {
            lose(.overflow, UInt64(drops &- knownDrops))
            knownDrops = drops
        }
        let length = batch.length(index)
        let segment = batch.segment(index)
        let datagrams = segment == 0 ? 1 : (length + segment - 1) / segment
        guard let flow = flow(index, of: batch, datagrams: datagrams) else { return }
        flow.traffic.received &+= UInt64(datagrams)
        guard length <= DatagramBatch.longest else {
            flow.traffic.dropped &+= 1
            return lose(.truncated, 1)
        }
        flow.bytesIn &+= UInt64(length)
        flow.lastActivity = lane.now
        batch.withBytes(index) { flow.received($0, segment: segment) }
    }

    /// The flow that a datagram belongs to; a new one if it may come in.
    private func flow(_ index: Int, of batch: DatagramBatch, datagrams: Int) -> Flow? {
        guard let peer = batch.source(index)?.canonical else { return nil }
        var local = socket.address
        var isToMany = false
        if let told = batch.local(index) {
            isToMany = told.destination != told.answer || told.destination.isMulticast
            if !told.answer.isMulticast { local = told.answer.with(port: socket.address.port ?? 0) }
        }
        let key = FlowKey(peer: peer, local: local)
        if let flow = flows[key] { return flow }
        let profile = listener.profile
        if let refusal = lane.enter(profile) {
            lose(.refused(refusal), UInt64(datagrams))
            return nil
        }
        let arrival = FlowArrival(
            port: self, profile: profile, identifier: lane.shared.makeIdentifier(), kind: socket.kind, peer: peer,
            local: local, isToMany: isToMany, accepted: lane.now)
        guard let flow = lane.begin(arrival, service: listener.service) else { return nil }
        flows[key] = flow
        return flow
    }

    /// A flow has ended.
    func forget(_ flow: Flow) {
        if flows[flow.key] === flow { flows[flow.key] = nil }
    }

    // MARK: - Out

    /// Sends back what is being received.
    func returnCurrent(to flow: Flow) {
        guard let current else { return }
        if !outbox.hasRoom(for: 0) { flush() }
        outbox.append(returning: current, of: lane.datagramBatch)
        senders.append(flow)
    }

    /// Sends a flow's datagrams, when the turn ends or the outbox is full.
    func send(_ bytes: RawSpan, segment: Int, of flow: Flow) {
        if !outbox.hasRoom(for: bytes.byteCount) { flush() }
        outbox.append(
            bytes, segment: segment, to: flow.peer, from: socket.address.isWildcard ? flow.local : nil)
        senders.append(flow)
        // Nobody flushes for a flow that answers later.
        if current == nil { flush() }
    }

    private func flush() {
        guard !senders.isEmpty else { return }
        let flows = senders
        senders.removeAll(keepingCapacity: true)
        outbox.flush(to: socket.raw) { index, result in
            flows[index].sent(result)
            if result.lost > 0 { lose(.unsent(result.errno), UInt64(result.lost)) }
        }
    }

    // MARK: - What is lost

    func lose(_ kind: PortLosses.Cause, _ count: UInt64) {
        if let told = losses.note(kind, count, at: lane.now) { tell(kind.kind, told) }
        if let next = losses.next { lane.schedule(self, at: next) }
    }

    private func tell(_ kind: PortLosses.Kind, _ count: UInt64) {
        lane.write(losses.record(of: kind, count, label: listener.profile.label, socket: socket))
    }
}
