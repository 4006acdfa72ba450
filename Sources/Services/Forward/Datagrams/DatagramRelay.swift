// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import ProxyProtocol
import Reactor
import Records

/// A flow that is relayed to an upstream: each datagram becomes one there, and what comes back goes to the source from the
/// address that it wrote to.
///
/// A frame of a CAN bus is a datagram of the kernel's bytes for it (``CANFrameLayout``); what is none goes onto no bus.
///
/// The upstream has one connected socket for each flow, so that it can tell flows apart, and errors of the network (ICMP)
/// come back to whom they concern. Connecting takes no time; only a name may have to be waited for, and so long a few
/// datagrams are held. Whoever refuses a datagram before it has answered any is left for another upstream.
///
/// Concurrency: belongs to one lane.
final class DatagramRelay: Flow {
    /// How many bytes of datagrams, and how many of these, are held until an upstream has answered.
    private static let mostHeld = 16 << 10
    private static let mostHeldDatagrams = 16

    private let group: UpstreamGroup
    private let source: UInt64
    private let ticket: UInt64

    /// The member of the group that counts this flow.
    private var member: Int?
    private var tried = MemberSet()
    private var attempts = 0
    private var failures: [String] = []

    private var upstream: UpstreamPort?
    private var connectTime: UInt64 = 0
    private var hasAnswered = false

    /// What came before an upstream has answered: for the next one, if this one refuses it.
    private var held: [[UInt8]] = []
    private var heldBytes = 0

    /// Whether ``held`` is all that came, so that another upstream can have all of it.
    private var holdsAll = true
    private var resolveDeadline = UInt64.max

    /// What goes in front of the first datagram, or of each.
    private var header: [UInt8]?

    /// Whether the kernel cuts up what is sent to the upstream as one.
    private var canSegment = true

    init(flow arrival: FlowArrival, lane: Lane, group: UpstreamGroup) {
        self.group = group
        source = Balancer.sourceHash(of: arrival.peer, uid: nil)
        ticket = group.makeTicket()
        super.init(flow: arrival, lane: lane)
    }

    override var upstreamTrace: UpstreamTrace? {
        let address = upstream.map { RecordedAddress(upstreamKind, $0.address) }
        return UpstreamTrace(
            upstream: address, connectMicroseconds: connectTime / 1000, attempts: attempts, failures: failures)
    }

    private var upstreamKind: SocketKind { member.map { group.members[$0].upstream.kind } ?? .udp }

    // MARK: - Finding an upstream

    override func admit() -> Refusal? {
        switch group.choose(ticket: ticket, source: source, tried: tried, at: lane.now) {
        case .member(let index):
            take(index)
            return nil
        // A datagram does not wait in a line: whoever sent it asks again.
        case .allBusy: return .queueLimit(0)
        case .noneAvailable: return .upstreamsDown
        }
    }

    override func start() {
        if let interval = group.progressInterval { ownDeadline = accepted + interval }
        reach()
    }

    private func take(_ index: Int) {
        member = index
        tried.insert(index)
        attempts += 1
    }

    /// Connects to the member that was chosen, or to the next one that can be.
    private func reach() {
        while isOpen, let member {
            let upstream = group.members[member].upstream
            switch upstream.place {
            case .fixed(let address):
                if connect(to: address, upstream) { return }
            case .named(let resolution):
                switch resolution.addresses(
                    at: lane.now, interval: group.resolveInterval, waiter: Waiter(self, on: lane))
                {
                case .addresses(let addresses):
                    if let first = addresses.first(where: fitsSource), connect(to: first, upstream) { return }
                    note("has no address that can be reached", errno: 0)
                case .pending:
                    resolveDeadline = lane.now + group.connectTimeout
                    ownDeadline = min(ownDeadline ?? .max, resolveDeadline)
                    return
                case .failed(let reason):
                    note("does not resolve: \(reason)", errno: 0)
                }
            }
            guard next() else { return }
        }
    }

    private func fitsSource(_ address: SocketAddress) -> Bool {
        group.settings.source.map { $0.family == address.family } ?? true
    }

    /// - Returns: whether it is connected; if not, it was noted why.
    private func connect(to address: SocketAddress, _ upstream: Upstream) -> Bool {
        let begun = Clock.monotonic
        do throws(SystemError) {
            let descriptor = try OutgoingSocket.make(
                upstream.kind, for: address, from: group.settings.source, filters: upstream.endpoint.options.filters)
            let port = UpstreamPort(descriptor, to: address, relay: self)
            _ = try OutgoingSocket.connect(port.raw, to: address)
            try lane.watch(port, port.raw, for: .readable)
            self.upstream = port
        } catch {
            switch error.errno {
            case EMFILE where lane.pipes.closeResting(), ENFILE where lane.pipes.closeResting():
                return connect(to: address, upstream)
            default: break
            }
            note(UpstreamFailure.words(for: error.errno, kind: upstream.kind), errno: error.errno)
            return false
        }
        connectTime = Clock.monotonic &- begun
        canSegment = upstream.kind == .udp
        sendHeld()
        // Its interface is up, and what was sent is on the bus: nobody has to answer, and no other bus is to have it too.
        if upstream.kind == .can, isOpen, self.upstream?.address == address { answered() }
        return true
    }

    /// Goes over to another member, or ends the flow.
    ///
    /// - Returns: whether there is one.
    private func next() -> Bool {
        if let member { group.leave(member) }
        member = nil
        upstream?.close(on: lane)
        upstream = nil
        if attempts < group.settings.attempts,
            case .member(let index) = group.choose(ticket: ticket, source: source, tried: tried, at: lane.now)
        {
            take(index)
            return true
        }
        close(.connectFailed, by: .upstream)
        return false
    }

    /// Notes that the member cannot be reached.
    private func note(_ reason: String, errno: CInt) {
        guard let member else { return }
        let upstream = group.members[member].upstream
        failures.append("\(upstream.endpoint): \(reason)")
        switch errno {
        // It is this host that has no room.
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return
        default: break
        }
        let change = upstream.connectFailed(startedAt: lane.now, at: lane.now, errno: errno)
        if let change { group.tell(change, of: upstream, on: lane) }
    }

    // MARK: - To the upstream

    override func received(_ range: Range<Int>, of batch: DatagramBatch) {
        if !hasAnswered, holdsAll { hold(range, of: batch) }
        guard let upstream else { return }
        if header != nil { return sendBehindHeader(range, of: batch, to: upstream) }
        // A bus brings nothing but frames.
        if upstreamKind == .can, kind != .can { return sendFrames(range, of: batch, to: upstream) }
        finish(batch.send(range, to: upstream.raw, canSegment: &canSegment))
    }

    /// Puts the PROXY header in front: each datagram is copied for it.
    private func sendBehindHeader(_ range: Range<Int>, of batch: DatagramBatch, to upstream: UpstreamPort) {
        var result = DatagramResult()
        for index in range { result += sendParts(index, of: batch, to: upstream) }
        finish(result)
    }

    /// Sends onto a bus what are frames.
    private func sendFrames(_ range: Range<Int>, of batch: DatagramBatch, to upstream: UpstreamPort) {
        var result = DatagramResult()
        for index in range {
            if batch.isFrame(index) {
                result += batch.send(index..<index + 1, to: upstream.raw, canSegment: &canSegment)
            } else {
                result += sendParts(index, of: batch, to: upstream)
            }
        }
        finish(result)
    }

    /// Sends what was joined one by one.
    private func sendParts(_ index: Int, of batch: DatagramBatch, to upstream: UpstreamPort) -> DatagramResult {
        let segment = batch.segment(index)
        return batch.withBytes(index) { bytes in
            var result = DatagramResult()
            for datagram in DatagramParts(bytes, segment: segment) { result += send(datagram, to: upstream) }
            return result
        }
    }

    private func send(_ bytes: [UInt8], to upstream: UpstreamPort) -> DatagramResult {
        let kind = upstreamKind
        if kind == .can, !CANFrameLayout.isSendable(bytes) {
            lose(1, errno: EINVAL, to: kind)
            return DatagramResult()
        }
        let whole = (header ?? []) + bytes
        if !group.settings.sendsProxyEach { header = nil }
        do throws(SystemError) {
            guard try MessageSocket.send(kind, upstream.raw, whole) else {
                return DatagramResult(lost: 1, errno: EAGAIN)
            }
            return DatagramResult(datagrams: 1, bytes: whole.count)
        } catch {
            return DatagramResult(lost: 1, errno: error.errno)
        }
    }

    /// Sees to what the kernel did not take.
    private func finish(_ result: DatagramResult) {
        if result.lost > 0 { refused(errno: result.errno, unsent: result.lost) }
    }

    private func hold(_ range: Range<Int>, of batch: DatagramBatch) {
        for index in range {
            let segment = batch.segment(index)
            batch.withBytes(index) { bytes in
                for datagram in DatagramParts(bytes, segment: segment) {
                    keep(datagram)
                }
            }
        }
    }

    private func keep(_ datagram: [UInt8]) {
        if heldBytes + datagram.count <= Self.mostHeld, held.count < Self.mostHeldDatagrams {
            heldBytes += datagram.count
            held.append(datagram)
        } else if upstream == nil {
            traffic.dropped &+= 1
        } else {
            // Too much to be sent again.
            holdsAll = false
            held = []
        }
    }

    private func sendHeld() {
        resolveDeadline = .max
        header = group.header(for: self)
        let port = upstream
        for datagram in held {
            // If it was refused, another upstream has been sent all of it, or there is none.
            guard let port, isOpen, upstream === port else { return }
            finish(send(datagram, to: port))
        }
    }

    // MARK: - From the upstream

    /// How many calls a turn may take before the others have theirs.
    private static let batchesPerTurn = 4

    /// The upstream's socket has something.
    func upstreamReady() -> Turn {
        for _ in 0..<Self.batchesPerTurn {
            guard let upstream, isOpen else { return .done }
            guard receive(from: upstream) else { return .done }
        }
        return .again
    }

    /// Takes what one call brings, and passes it on.
    ///
    /// - Returns: whether there may be more.
    private func receive(from upstream: UpstreamPort) -> Bool {
        let batch = lane.datagramBatch
        let asked = upstream.expected
        let count: Int
        do throws(SystemError) {
            count = try batch.receive(from: upstream.raw, atMost: asked, kind: upstreamKind)
        } catch {
            refused(errno: error.errno)
            return false
        }
        upstream.expected = count == asked ? min(asked * 2, DatagramBatch.capacity(of: upstreamKind)) : max(1, count)
        for index in 0..<count where isOfUpstream(index, of: batch) { pass(index, of: batch) }
        return count == asked && count > 1
    }

    /// Whether it comes from the upstream. To a socket of RDS, connected or not, anybody may send.
    private func isOfUpstream(_ index: Int, of batch: DatagramBatch) -> Bool {
        guard upstreamKind == .rds, batch.source(index)?.canonical != upstream?.address else { return true }
        traffic.dropped &+= 1
        return false
    }

    /// Sends to the source what the upstream has sent.
    private func pass(_ index: Int, of batch: DatagramBatch) {
        lastActivity = lane.now
        if !hasAnswered { answered() }
        let drops = batch.dropped(index)
        if let upstream, drops != 0, drops != upstream.knownDrops {
            loseUnread(Int(drops &- upstream.knownDrops))
            upstream.knownDrops = drops
        }
        let segment = batch.segment(index)
        if !batch.isWhole(index) {
            loseAnswers(1, errno: EMSGSIZE)
        } else if kind != .can || upstreamKind == .can || batch.isFrame(index) {
            batch.withBytes(index) { answer($0, segment: segment) }
        } else {
            batch.withBytes(index) { bytes in
                for datagram in DatagramParts(bytes, segment: segment) {
                    guard CANFrameLayout.isSendable(datagram) else {
                        loseAnswers(1, errno: EINVAL)
                        continue
                    }
                    // unsafe: bytes have no padding that could be read.
                    unsafe answer(datagram.span.bytes)
                }
            }
        }
    }

    private func answered() {
        hasAnswered = true
        held = []
        guard let member else { return }
        let upstream = group.members[member].upstream
        if let change = upstream.connectSucceeded(startedAt: accepted, at: lane.now) {
            group.tell(change, of: upstream, on: lane)
        }
    }

    /// The flow ends, and nobody has refused what it sent: of an upstream that never answers, nothing else shows that it is
    /// there. A refusal needs time to come.
    private func wasNotRefused() {
        guard let member, lane.now &- accepted >= Upstream.timeForRefusal else { return }
        let upstream = group.members[member].upstream
        if let change = upstream.connectSucceeded(startedAt: accepted, at: lane.now) {
            group.tell(change, of: upstream, on: lane)
        }
    }

    /// The upstream, or a router on the way, has refused a datagram, or the kernel has.
    ///
    /// - Parameter unsent: how many datagrams the call that told of it did not send.
    private func refused(errno: CInt, unsent: Int = 0) {
        switch errno {
        // The datagram alone is lost: too long, no room, forbidden by a filter, of CAN FD on a bus without it.
        case EMSGSIZE, EAGAIN, ENOBUFS, ENOMEM, EPERM, EINTR: return lose(unsent, errno: errno, to: upstreamKind)
        case EINVAL where upstreamKind == .can: return lose(unsent, errno: errno, to: upstreamKind)
        default: break
        }
        note(UpstreamFailure.words(for: errno, kind: upstreamKind), errno: errno)
        if hasAnswered || !holdsAll {
            // What it knows of the flow, no other knows.
            // The one that was refused before counts too; a bus refuses none afterwards.
            traffic.dropped &+= UInt64(unsent) &+ (upstreamKind == .can ? 0 : 1)
            close(.resetByUpstream, by: .upstream, errno: errno)
        } else if next() {
            reach()
        }
    }

    // MARK: - Time and the end

    override func deadlineReached() {
        let now = lane.now
        if resolveDeadline <= now {
            resolveDeadline = .max
            note("its name was not resolved in time", errno: ETIMEDOUT)
            if next() { reach() }
            return
        }
        if let interval = group.progressInterval {
            ownDeadline = now + interval
            lane.recordProgress(of: self)
        }
    }

    override func close(_ reason: CloseReason, by party: CloseParty, errno: CInt = 0) {
        // What no upstream has got is lost with the flow.
        if isOpen, upstream == nil { traffic.dropped &+= UInt64(held.count) }
        if isOpen, upstream != nil, reason != .resetByUpstream, !hasAnswered { wasNotRefused() }
        super.close(reason, by: party, errno: errno)
    }

    override func closed() {
        upstream?.close(on: lane)
        held = []
        if let member { group.leave(member) }
        member = nil
    }
}

extension DatagramRelay: RelayedConnection {
    func isRelayed(to upstream: Upstream) -> Bool {
        self.upstream != nil && member.map { group.members[$0].upstream === upstream } ?? false
    }

    func upstreamWentDown() { close(.upstreamDown, by: .daemon) }
}

extension DatagramRelay: Waiting {
    /// The addresses that were asked for may be there.
    func resume() {
        guard isOpen, upstream == nil else { return }
        reach()
    }
}
