// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import ProxyProtocol
import Reactor
import Records
import Relaying

/// A flow that is relayed to a datagram upstream.
///
/// Each datagram from the source is sent there, each answer goes back. Answers are sent from the address that the source had
/// written to. A CAN frame is a datagram with the kernel's layout (``CANFrameLayout``); a datagram that is no frame is not
/// sent to a bus.
///
/// Each flow has its own connected socket, so that the upstream can tell flows apart and ICMP errors reach the flow that
/// they concern. ``UpstreamSearch`` finds the upstream, and lasts until it has answered: earlier datagrams are kept, and go
/// to another upstream if this one refuses them.
///
/// Concurrency: belongs to one lane.
final class DatagramRelay: Flow {
    /// The search for an upstream, until the upstream has answered.
    private(set) var search: UpstreamSearch?

    /// The connected socket; nil while there is none.
    private(set) var upstream: PeerSocket?

    /// The group of its upstream, and its place there after the first answer.
    private(set) var group: UpstreamGroup
    private(set) var place: UpstreamPlace?

    /// The addresses of the upstream, after the first answer.
    private var addresses: [SocketAddress] = []

    /// How many datagrams to ask the upstream's socket for: most flows get one at a time.
    var expected = 1

    /// The drop counter of that socket (SO_RXQ_OVFL) when it was last read.
    var knownDrops: UInt32 = 0

    /// Whether datagrams to the upstream may be joined (UDP_SEGMENT).
    private var joining = DatagramJoining(.udp)

    /// The PROXY header for the first datagram, or for each; nil if none is to be sent.
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
        // Datagrams kept for an upstream are dropped with the flow.
        if !isOpen, upstream == nil, let search { traffic.dropped &+= UInt64(search.unanswered.messages.count) }
        return SessionSnapshot(datagrams: traffic, upstream: search?.trace ?? place?.trace(of: upstream))
    }

    // MARK: - Admission and start

    override func admit() -> Refusal? {
        if let loopRefusal { return loopRefusal }
        // The answer would look like one from the upstream.
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
        if let search, search.canContinue { keep(range, of: batch, for: search) }
        guard let upstream else { return }
        if header != nil { return sendBehindHeader(range, of: batch, to: upstream) }
        // A CAN bus delivers only valid frames, so frames need no check.
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

    /// Sends datagrams behind the PROXY header: each one is copied for that.
    private func sendBehindHeader(_ range: Range<Int>, of batch: DatagramBatch, to upstream: PeerSocket) {
        var result = DatagramResult()
        for index in range { result += sendParts(index, of: batch, to: upstream) }
        finish(result)
    }

    /// Sends the datagrams that are CAN frames.
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

    /// Sends joined datagrams one by one.
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

    /// Handles the datagrams that the kernel did not take.
    private func finish(_ result: DatagramResult) {
        if result.lost > 0 { refused(errno: result.errno, unsent: result.lost) }
    }

    /// Handles a refusal by the upstream or a router (ICMP), or an error of the kernel.
    ///
    /// - Parameter unsent: how many datagrams the failed call did not send.
    func refused(errno: CInt, unsent: Int = 0) {
        guard let upstream else { return }
        let kind = upstream.stream.kind
        let error = SystemError(unsent > 0 ? "send" : "recv", errno: errno)
        let canContinue = search?.canContinue ?? false
        switch DatagramFault(error, of: upstream, canLeave: canContinue) {
        case .datagram:
            lose(unsent, errno: errno, to: kind)
        case .host(let fault):
            lose(unsent, errno: errno, to: kind)
            if let search { return search.logFault(fault, error) }
            if let place {
                lane.reportShortage(fault, because: error, towards: place.upstream.recorded, label: group.label)
            }
        case .upstream(let party) where canContinue:
            search?.refused(errno: errno, party)
        case .upstream(let party):
            note(party, errno: errno, of: upstream)
            if case .host = party {
                lose(unsent, errno: errno, to: kind)
                return close(.error, by: .daemon, errno: errno)
            }
            // The error reports an earlier datagram, which was dropped too. A CAN socket reports errors of the failing write
            // only.
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

    /// Ends the search after the first answer: from then on only this upstream knows the flow.
    func answered() {
        guard let search else { return }
        search.answered()
        addresses = search.addresses
        place = search.takePlace()
        self.search = nil
        setDeadline()
    }

    // MARK: - Deadlines and the end

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
        // At admission the addresses of a name may have been unknown.
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
            // If it was refused, the messages were sent to another upstream, or the flow was closed.
            guard isOpen, upstream === socket else { return }
        }
        // A CAN upstream counts as having answered: its interface is up, no node on a bus has to answer, and no other bus
        // may get the same frames.
        if socket.stream.kind == .can { answered() }
    }

    func upstreamWasReplaced() { upstream = nil }

    func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        close(reason, by: party, errno: errno)
    }
    func upstreamWentDown() { close(.upstreamDown, by: .daemon) }
}
