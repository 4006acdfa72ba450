// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import ProxyProtocol
import Reactor
import Records
import Relaying

/// A flow that is relayed to an upstream: each datagram becomes one there, and what comes back goes to the source from the
/// address that it wrote to.
///
/// A frame of a CAN bus is a datagram of the kernel's bytes for it (``CANFrameLayout``); what is none goes onto no bus.
///
/// The upstream has one connected socket for each flow, so that it can tell flows apart, and errors of the network (ICMP)
/// come back to the flow that they concern. ``UpstreamSearch`` finds it, and lasts until an upstream has answered: what comes
/// before is kept, and goes to another upstream if this one refuses it.
///
/// Concurrency: belongs to one lane.
final class DatagramRelay: Flow {
    /// The search for an upstream, until one has answered.
    private(set) var search: UpstreamSearch?

    /// The socket that is connected to the upstream, if one is.
    private(set) var upstream: PeerSocket?

    /// The upstreams among which its own is, and its place there, from the first answer on.
    private(set) var group: UpstreamGroup
    private(set) var place: UpstreamPlace?

    /// The addresses of the upstream, from the first answer on.
    private var addresses: [SocketAddress] = []

    /// How many datagrams to ask the upstream's socket for: most flows bring one at a time.
    var expected = 1

    /// How many datagrams that socket had lost for want of room when it was last read.
    var knownDrops: UInt32 = 0

    /// Whether what is sent to the upstream may go as one.
    private var joining = DatagramJoining(.udp)

    /// What goes in front of the first datagram, or of each.
    private var header: [UInt8]?

    var progressDeadline: UInt64

    init(flow seed: FlowSeed, lane: Lane, group: UpstreamGroup) {
        self.group = group
        search = UpstreamSearch(in: group, from: seed.identity.sourceHash, on: lane, purpose: .flow)
        progressDeadline = Self.firstProgress(of: group, since: seed.identity.accepted)
        super.init(flow: seed, lane: lane)
    }

    override func snapshot() -> SessionSnapshot {
        var traffic = traffic
        // What no upstream has got is lost with the flow.
        if !isOpen, upstream == nil, let search { traffic.dropped &+= UInt64(search.unanswered.messages.count) }
        return SessionSnapshot(datagrams: traffic, upstream: search?.trace ?? place?.trace(of: upstream))
    }

    // MARK: - The beginning

    override func admit() -> Refusal? {
        if let loopRefusal { return loopRefusal }
        // The answer would be taken for one of the upstream.
        if identity.kind != .can, upstreamsHave(identity.peer) { return .ownAddress }
        return search?.admit(self)
    }

    private func upstreamsHave(_ peer: SocketAddress) -> Bool {
        group.members.first?.upstream.kind == identity.kind && group.hasUpstream(at: peer)
    }

    override func start() {
        search?.begin()
        if isOpen { setDeadline() }
    }

    // MARK: - To the upstream

    override func received(_ range: Range<Int>, of batch: DatagramBatch) {
        if let search, search.canGoOn { keep(range, of: batch, for: search) }
        guard let upstream else { return }
        if header != nil { return sendBehindHeader(range, of: batch, to: upstream) }
        // A bus brings nothing but frames.
        if upstream.stream.kind == .can, identity.kind != .can {
            return sendFrames(range, of: batch, to: upstream)
        }
        finish(batch.send(range, to: upstream.stream.raw, joining: &joining))
    }

    private func keep(_ range: Range<Int>, of batch: DatagramBatch, for search: UpstreamSearch) {
        for index in range {
            batch.withBytes(index) { bytes in
                bytes.forEachDatagram(segment: batch.segment(index)) {
                    if !search.keep($0) { traffic.dropped &+= 1 }
                }
            }
        }
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
        batch.withBytes(index) { bytes in
            var result = DatagramResult()
            bytes.forEachDatagram(segment: batch.segment(index)) { result += send($0, to: upstream) }
            return result
        }
    }

    private func send(_ datagram: RawSpan, to upstream: PeerSocket) -> DatagramResult {
        if upstream.stream.kind == .can, !CANFrameLayout.isSendable(datagram) {
            lose(1, errno: EINVAL, to: .can)
            return DatagramResult()
        }
        var whole = header ?? []
        whole.append(copying: datagram)
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

    /// The upstream, or a router on the way, has refused a datagram, or the kernel has.
    ///
    /// - Parameter unsent: how many datagrams the call that failed did not send.
    func refused(errno: CInt, unsent: Int = 0) {
        guard let upstream else { return }
        let kind = upstream.stream.kind
        let error = SystemError(unsent > 0 ? "send" : "recv", errno: errno)
        let canGoOn = search?.canGoOn ?? false
        switch DatagramFault(error, of: upstream, canLeave: canGoOn) {
        case .datagram:
            lose(unsent, errno: errno, to: kind)
        case .host(let fault):
            lose(unsent, errno: errno, to: kind)
            if let search { return search.tell(fault, error) }
            if let place { lane.lacks(fault, because: error, towards: place.upstream.recorded, label: group.label) }
        case .upstream(let party) where canGoOn:
            search?.refused(errno: errno, party)
        case .upstream(let party):
            note(party, errno: errno, of: upstream)
            if case .host = party {
                lose(unsent, errno: errno, to: kind)
                return close(.error, by: .daemon, errno: errno)
            }
            // The one that was refused before counts too; a bus refuses none afterwards.
            traffic.dropped &+= UInt64(unsent) &+ (kind == .can ? 0 : 1)
            close(.resetByUpstream, by: .upstream, errno: errno)
        }
    }

    /// Notes why the flow has to end.
    private func note(_ party: FaultParty, errno: CInt, of upstream: PeerSocket) {
        if let search { return search.noteRefusal(errno: errno, party) }
        guard party.hostFault == nil, let member = place?.member else { return }
        place?.failures.append(
            group.noteRefusal(of: member, at: upstream.address, among: addresses, errno: errno, on: lane))
    }

    /// The upstream has answered for the first time: no other one can have the flow, and the search is over.
    func answered() {
        guard let search else { return }
        search.answered()
        addresses = search.addresses
        place = search.takePlace()
        self.search = nil
        setDeadline()
    }

    // MARK: - Time and the end

    override func deadlineReached() {
        passUpstreamDeadlines()
        if isOpen { setDeadline() }
    }

    override func ended(_ reason: CloseReason) {
        search?.end()
        search = nil
        upstream?.close(on: lane)
        upstream = nil
        place?.leave(self, traffic)
        place = nil
    }
}

extension DatagramRelay: UpstreamSession {
    var ongoingSearch: UpstreamSearch? { search }

    func searchSucceeded(_ socket: PeerSocket) {
        guard let search else { return }
        // When the flow was admitted, the addresses of a name may not have been known.
        if identity.kind != .can, identity.kind == socket.stream.kind, search.addresses.contains(identity.peer) {
            search.failures.append(
                "\(RecordedAddress(identity.kind, identity.peer)): source is this upstream (loop or forged)")
            return close(.connectFailed, by: .client)
        }
        upstream = socket
        group = search.group
        expected = 1
        knownDrops = 0
        joining = DatagramJoining(socket.stream.kind)
        header = group.header(for: self)
        for message in search.unsent {
            // unsafe: bytes have no padding that could be read.
            finish(unsafe send(message.span.bytes, to: socket))
            // If it was refused, another upstream has been sent all of it, or the flow is over.
            guard isOpen, upstream === socket else { return }
        }
        // Its interface is up, and what was sent is on the bus: nobody has to answer, and no other bus is to have it too.
        if socket.stream.kind == .can { answered() }
    }

    func upstreamWasLeft() { upstream = nil }

    func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        close(reason, by: party, errno: errno)
    }
    func upstreamWentDown() { close(.upstreamDown, by: .daemon) }
}
