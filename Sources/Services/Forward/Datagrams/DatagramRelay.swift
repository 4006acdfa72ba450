// SPDX-License-Identifier: Apache-2.0

import Addresses
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
/// datagrams are held. Of several addresses the first that answers is taken (``AddressTrial``); an upstream that refuses a
/// datagram before it has answered any is left for another one.
///
/// Concurrency: belongs to one lane.
final class DatagramRelay: Flow {
    /// How many bytes of datagrams, and how many of these, are held until an upstream has answered.
    private static let mostHeld = 16 << 10
    private static let mostHeldDatagrams = 16

    let group: UpstreamGroup
    let source: UInt64
    let ticket: UInt64

    /// The member of the group that counts this flow.
    var member: Int?
    var tried = MemberSet()
    var attempts = 0
    var failures: [String] = []

    var upstream: PeerSocket?

    /// How many datagrams to ask the upstream's socket for: most flows bring one at a time.
    var expected = 1

    /// How many datagrams that socket had lost for want of room when it was last read.
    var knownDrops: UInt32 = 0

    /// The addresses of the member; nil while they are not known.
    var trial: AddressTrial?
    var connectTime: UInt64 = 0
    var hasAnswered = false

    /// What came before an upstream has answered: for the next one, if this one refuses it.
    var held: [[UInt8]] = []
    private var heldBytes = 0

    /// Whether ``held`` is all that came, so that another upstream can have all of it.
    private(set) var holdsAll = true

    /// Why the name of the member could not be resolved the last time.
    var lookupFailure: String?

    /// Whether an upstream was to blame for a failure, and whether this host or its name service was; and what the host lacked
    /// last.
    var upstreamHasFailed = false
    var isHostToBlame = false
    var hostErrno: CInt = 0

    /// What is used up, and until when it is waited for.
    var shortage: (error: SystemError, party: FaultParty, end: UInt64)?
    var pause = RetryPause()

    /// Until when the name may take, when it is asked for again, and when an address that is silent is left.
    var resolveDeadline = UInt64.max
    var retryDeadline = UInt64.max
    var silenceDeadline = UInt64.max
    private var progressDeadline = UInt64.max

    /// What goes in front of the first datagram, or of each.
    var header: [UInt8]?

    /// Whether what is sent to the upstream may go as one.
    var joining = DatagramJoining(.udp)

    init(flow seed: FlowSeed, lane: Lane, group: UpstreamGroup) {
        self.group = group
        source = Balancer.sourceHash(of: seed.identity.peer, uid: nil)
        ticket = group.makeTicket()
        super.init(flow: seed, lane: lane)
    }

    override func snapshot() -> SessionSnapshot {
        var traffic = traffic
        // What no upstream has got is lost with the flow.
        if !isOpen, upstream == nil { traffic.dropped &+= UInt64(held.count) }
        let address = upstream.map { RecordedAddress(upstreamKind, $0.address) }
        let trace = UpstreamTrace(
            upstream: address, connectMicroseconds: connectTime / 1000, attempts: attempts, failures: failures)
        return SessionSnapshot(datagrams: traffic, upstream: trace)
    }

    var upstreamKind: SocketKind { member.map { group.members[$0].upstream.kind } ?? .udp }

    // MARK: - The beginning

    override func admit() -> Refusal? {
        // An answer to what was forged so would be answered in turn, for ever. A bus has no addresses.
        if identity.kind != .can, lane.isOwnPort(identity.peer) || upstreamsHave(identity.peer) { return .ownAddress }
        switch group.choose(ticket: ticket, source: source, tried: tried, at: lane.now) {
        case .member(let index):
            take(index)
            return nil
        // A datagram does not wait in a line: whoever sent it asks again.
        case .allBusy: return .queueLimit(0)
        case .noneAvailable: return .upstreamsDown
        }
    }

    private func upstreamsHave(_ peer: SocketAddress) -> Bool {
        group.members.first?.upstream.kind == identity.kind && group.hasUpstream(at: peer)
    }

    override func start() {
        if let interval = group.progressInterval {
            progressDeadline = identity.accepted + interval
            setDeadline()
        }
        reach()
    }

    // MARK: - To the upstream

    override func received(_ range: Range<Int>, of batch: DatagramBatch) {
        if !hasAnswered, holdsAll {
            hold(range, of: batch)
            awaitAnswer()
        }
        guard let upstream else { return }
        if header != nil { return sendBehindHeader(range, of: batch, to: upstream) }
        // A bus brings nothing but frames.
        if upstreamKind == .can, identity.kind != .can { return sendFrames(range, of: batch, to: upstream) }
        finish(batch.send(range, to: upstream.stream.raw, joining: &joining))
    }

    /// Puts the PROXY header in front: each datagram is copied for it.
    private func sendBehindHeader(_ range: Range<Int>, of batch: DatagramBatch, to upstream: PeerSocket) {
        var result = DatagramResult()
        for index in range { result += sendParts(index, of: batch, to: upstream) }
        finish(result)
    }

    /// Sends onto a bus what are frames.
    private func sendFrames(_ range: Range<Int>, of batch: DatagramBatch, to upstream: PeerSocket) {
        var result = DatagramResult()
        for index in range {
            if batch.isFrame(index) {
                result += batch.send(index..<index + 1, to: upstream.stream.raw, joining: &joining)
            } else {
                result += sendParts(index, of: batch, to: upstream)
            }
        }
        finish(result)
    }

    /// Sends what was joined one by one.
    private func sendParts(_ index: Int, of batch: DatagramBatch, to upstream: PeerSocket) -> DatagramResult {
        let segment = batch.segment(index)
        return batch.withBytes(index) { bytes in
            var result = DatagramResult()
            for datagram in DatagramParts(bytes, segment: segment) { result += send(datagram, to: upstream) }
            return result
        }
    }

    private func send(_ bytes: [UInt8], to upstream: PeerSocket) -> DatagramResult {
        let kind = upstreamKind
        if kind == .can, !CANFrameLayout.isSendable(bytes) {
            lose(1, errno: EINVAL, to: kind)
            return DatagramResult()
        }
        let whole = (header ?? []) + bytes
        if !group.settings.sendsProxyEach { header = nil }
        do throws(SystemError) {
            // unsafe: bytes have no padding that could be read.
            guard try unsafe upstream.stream.write(whole.span.bytes) != .wouldBlock else {
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

    /// Sends what was kept, but for the first `count`.
    func sendHeld(without count: Int) {
        header = group.header(for: self)
        let port = upstream
        if held.count > count { awaitAnswer() }
        for datagram in held.dropFirst(count) {
            // If it was refused, another upstream has been sent all of it, or there is none.
            guard let port, isOpen, upstream === port else { return }
            finish(send(datagram, to: port))
        }
    }

    /// The upstream, or a router on the way, has refused a datagram, or the kernel has.
    ///
    /// - Parameter unsent: how many datagrams the call that told of it did not send.
    func refused(errno: CInt, unsent: Int = 0) {
        let kind = upstreamKind
        let party = FaultParty(unsent > 0 ? .send : .receive, errno: errno, over: kind)
        switch party {
        case .datagram, .pending:
            return lose(unsent, errno: errno, to: kind)
        case .host(let fault) where fault.isShortage:
            return lose(unsent, errno: errno, to: kind)
        case .host(let fault) where hasAnswered || !holdsAll:
            // What it knows of the flow, no other knows.
            lose(unsent, errno: errno, to: kind)
            if self.upstream?.address.isLost(after: errno) ?? false {
                return close(.error, by: .daemon, errno: errno)
            }
            guard let upstream = member.map({ group.members[$0].upstream }) else { return }
            let error = SystemError("send", errno: errno)
            return lane.lacks(fault, because: error, towards: upstream.recorded, label: group.label)
        case .usher:
            OwnBug.end(because: SystemError("send", errno: errno))
        case .peer, .host:
            break
        }
        guard hasAnswered || !holdsAll else { return leaveRefused(errno: errno, party) }
        // What it knows of the flow, no other knows. Flows to come may have better luck with its other addresses.
        let words = UpstreamFailure.words(for: errno, kind: upstreamKind)
        forgetPreference()
        if let upstream, let trial, trial.addresses.count > 1 {
            failures.append("\(RecordedAddress(upstreamKind, upstream.address)): \(words)")
        } else {
            note(words, errno: errno)
        }
        // The one that was refused before counts too; a bus refuses none afterwards.
        traffic.dropped &+= UInt64(unsent) &+ (upstreamKind == .can ? 0 : 1)
        close(.resetByUpstream, by: .upstream, errno: errno)
    }

    // MARK: - Time and the end

    override func deadlineReached() {
        let now = lane.now
        if let shortage, shortage.end <= now {
            shortageTimedOut()
        } else if resolveDeadline <= now {
            resolveTimedOut()
        } else if retryDeadline <= now {
            retryDeadline = .max
            reach()
        }
        if isOpen, silenceDeadline <= now { leaveSilent() }
        if isOpen, progressDeadline <= now, let interval = group.progressInterval {
            progressDeadline = now + interval
            lane.recordProgress(of: self)
        }
        if isOpen { setDeadline() }
    }

    /// Sees to it that ``deadlineReached()`` is called when there is something to do.
    func setDeadline() {
        let next = min(resolveDeadline, retryDeadline, silenceDeadline, progressDeadline, shortage?.end ?? .max)
        let wanted = next == .max ? nil : next
        if ownDeadline != wanted { ownDeadline = wanted }
    }

    override func ended(_ reason: CloseReason) {
        // That this host ended it says nothing of the upstream.
        if upstream != nil, reason != .resetByUpstream, reason != .error, !hasAnswered { wasNotRefused() }
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
