// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import ProxyProtocol
import Reactor
import Records
import Relaying

/// A stream that is relayed to a datagram upstream.
///
/// Each frame of the client is sent as one datagram, each answer is sent to the client as a frame. Each connection has its
/// own socket to the upstream. While that is not writable, the client is not read. A client that does not read loses
/// datagrams beyond the limits of ``FrameQueue``. Datagrams have no EOF, so after EOF a client still gets answers: for
/// the listener's `half-close-timeout`, or without one until none has arrived for ``silence``.
///
/// Concurrency: belongs to one lane.
final class FramedSession: StreamSession {
    /// How many calls for datagrams a turn may make where few sockets are ready.
    private static let batchesPerTurn = 4

    /// How long a client waits for another datagram after its EOF unless configured, in nanoseconds.
    static let silence: UInt64 = 5_000_000_000

    /// How the session will end, after the current call.
    struct Ending {
        var reason: CloseReason
        var party: CloseParty
        var errno: CInt = 0
    }

    let losses: FramingLosses
    let search: UpstreamSearch
    var upstream: PeerSocket?

    var input: FrameDecoder
    private(set) var output: FrameQueue
    var traffic = DatagramTraffic()

    /// The PROXY header for the first datagram, or for each; nil if none is to be sent.
    var header: [UInt8]?

    /// Whether EOF of the client was read, and everything before it was relayed or dropped.
    var inputIsOver = false
    /// Whether EPOLLHUP was reported: the client does not read any more.
    private var clientHasClosed = false

    /// How many datagrams to ask for: most calls return one.
    private var expected = 1

    /// The drop counter of the upstream's socket (SO_RXQ_OVFL) when it was last read.
    private var knownDrops: UInt32 = 0

    /// Why the upstream did not take the message in ``input``, or its socket failed; nil without an error.
    var refusal: SystemError?

    /// How the session ends at the end of this turn, and the close reason for a client that sent EOF.
    var ending: Ending?
    var lastReason = CloseReason.clientClosed

    var halfCloseDeadline = UInt64.max
    var silenceDeadline = UInt64.max
    var progressDeadline: UInt64

    init(
        _ seed: consuming Seed, lane: Lane, group: UpstreamGroup, framing: Framing, losses: FramingLosses
    ) {
        self.losses = losses
        input = FrameDecoder(framing)
        output = FrameQueue(framing)
        search = UpstreamSearch(
            in: group, from: seed.identity.sourceHash, on: lane,
            purpose: .connection)
        progressDeadline = Self.firstProgress(of: group, since: seed.identity.accepted)
        super.init(seed, lane: lane)
    }

    /// The group of its upstream.
    var group: UpstreamGroup { search.group }

    override func snapshot() -> SessionSnapshot {
        SessionSnapshot(datagrams: isOpen ? traffic : trafficAtEnd, upstream: search.trace)
    }

    /// The counts at the end of the session, with what was read or received but not passed on.
    private var trafficAtEnd: DatagramTraffic {
        var traffic = traffic
        traffic.dropped &+= UInt64(output.messages)
        // Complete messages that were read but not sent.
        var input = input
        let waiting = UInt64(input.drop(isOver: client.hasEnded))
        traffic.received &+= waiting
        traffic.dropped &+= waiting
        // Messages that no upstream was sent.
        if upstream == nil { traffic.dropped &+= UInt64(search.unanswered.messages.count) }
        return traffic
    }

    // MARK: - Events

    override func admit() -> Refusal? {
        loopRefusal ?? search.admit(self)
    }

    override func start() {
        search.begin()
        if isOpen { setDeadline() }
    }

    override func ready(_ readiness: Readiness) -> Turn {
        let readiness = client.note(readiness)
        if readiness.contains(.hangUp) { clientHasClosed = true }
        if readiness.contains(.error), upstream == nil || client.hasEnded || input.isStalled { findError() }
        return run()
    }

    /// Reads the socket error: without reads this is the only sign of a reset by the client.
    private func findError() {
        do throws(SystemError) {
            try client.throwPendingError()
        } catch {
            clientBroke(error)
        }
    }

    /// Moves data in both directions as far as possible.
    private func run() -> Turn {
        guard isOpen else { return .done }
        var isPending = false
        if upstream?.stream.isReadable == true { isPending = receive() }
        flush()
        if readClient() { isPending = true }
        guard isOpen else { return .done }
        if let ending {
            end(ending)
        } else if let error = refusal {
            refusal = nil
            upstreamRefused(error)
        } else if clientHasClosed, inputIsOver {
            // The client does not read any more, so answers could not reach it.
            close(lastReason, by: .client)
        }
        return isPending && isOpen ? .again : .done
    }

    // MARK: - To the client

    /// Receives datagrams of the upstream, and queues their frames.
    ///
    /// - Returns: whether there may be more.
    private func receive() -> Bool {
        for _ in 0..<lane.calls(Self.batchesPerTurn) {
            guard let upstream else { return false }
            let batch = lane.datagramBatch
            let count: Int
            do throws(SystemError) {
                count = try batch.receive(from: upstream.stream.raw, atMost: expected, kind: upstream.stream.kind)
            } catch {
                if dropsOneDatagram(error, over: upstream) { return true }
                if refusal == nil { refusal = error }
                return false
            }
            guard count > 0 else {
                upstream.stream.isReadable = false
                return false
            }
            expected =
                count == expected ? min(expected * 2, DatagramBatch.capacity(of: upstream.stream.kind)) : max(1, count)
            noteDrops(batch.dropped(count - 1))
            for index in 0..<count where upstream.isSource(of: index, in: batch) {
                search.answered()
                frame(index, of: batch)
            }
            flush()
            guard isOpen else { return false }
        }
        return true
    }

    /// Counts datagrams that the kernel dropped at the upstream's socket: SO_RXQ_OVFL of socket(7).
    private func noteDrops(_ drops: UInt32) {
        guard drops != 0, drops != knownDrops else { return }
        let count = UInt64(drops &- knownDrops)
        knownDrops = drops
        traffic.dropped &+= count
        losses.note(.overflow, count)
    }

    private func frame(_ index: Int, of batch: DatagramBatch) {
        guard batch.isWhole(index) else {
            traffic.dropped &+= 1
            return losses.note(FramingLosses.Cause.tooLong)
        }
        let before = output.messages
        batch.withBytes(index) {
            traffic.dropped &+= output.append(joined: $0, segment: batch.segment(index), noteLost: losses.note(lost:))
        }
        // Datagrams dropped for a slow client do not count as activity, so that timeouts still apply to it.
        if output.messages > before { lastActivity = lane.now }
    }

    /// Writes queued frames to the client.
    private func flush() {
        while isOpen, client.isWritable, !output.isEmpty {
            do throws(SystemError) {
                let sent = try output.withBytes { bytes throws(SystemError) in try client.write(bytes) }
                guard case .moved(let count) = sent else { break }
                bytesOut &+= UInt64(count)
                traffic.sent &+= UInt64(output.consume(count))
                lastActivity = lane.now
            } catch {
                clientBroke(error)
            }
        }
        if !output.isEmpty { awaitWritable() }
    }

    // MARK: - Deadlines and the end

    override func deadlineReached() {
        let now = lane.now
        passUpstreamDeadlines()
        guard isOpen else { return }
        if halfCloseDeadline <= now { return end(Ending(reason: .halfCloseTimeout, party: .daemon)) }
        if silenceDeadline <= now {
            silenceDeadline = lastActivity + Self.silence
            if silenceDeadline <= now { return end(Ending(reason: lastReason, party: .client)) }
        }
        setDeadline()
    }

    private func end(_ ending: Ending) {
        stop(ending.reason, by: ending.party, errno: ending.errno)
    }

    override func stop(_ reason: CloseReason, by party: CloseParty) { stop(reason, by: party, errno: 0) }

    /// Closes the session; resets the client if it would miss data.
    private func stop(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        guard isOpen else { return }
        let misses = !output.isEmpty || (input.isHolding && !inputIsOver) || reason == .messageTooLong
        if upstream == nil || misses { client.resetOnClose() }
        close(reason, by: party, errno: errno)
    }

    override func ended(_ reason: CloseReason) {
        search.countEnd(of: self, snapshot().datagrams)
        search.end()
        upstream = nil
    }
}

extension FramedSession: UpstreamSession {
    var ongoingSearch: UpstreamSearch? { search }

    /// A framed relay keeps its search until its end, since the upstream may never answer.
    var place: UpstreamPlace? { nil }

    var relayDeadline: UInt64 { min(halfCloseDeadline, silenceDeadline) }

    func searchSucceeded(_ link: PeerSocket) {
        do throws(SystemError) {
            try link.watch(on: lane)
        } catch {
            return stop(.error, by: .daemon, errno: error.errno)
        }
        upstream = link
        knownDrops = 0
        header = group.header(for: self)
        for message in search.unsent where refusal == nil { sendAgain(message, to: link) }
        if input.isStalled { resumeInput() }
        // A CAN upstream counts as having answered: no node has to answer, and no other bus may get the same frames.
        if link.stream.kind == .can { search.answered() }
        lane.giveTurn(to: self)
    }

    /// Sends a message that another upstream refused.
    private func sendAgain(_ message: [UInt8], to upstream: PeerSocket) {
        do throws(SystemError) {
            // unsafe: bytes have no padding.
            if try !send(unsafe message.span.bytes, to: upstream) { traffic.dropped &+= 1 }
        } catch {
            if dropsOneDatagram(error, over: upstream) { traffic.dropped &+= 1 } else { refusal = error }
        }
    }

    func peerReady(_ socket: PeerSocket, _ readiness: Readiness) -> Turn {
        if socket !== upstream {
            search.attemptReady(socket, readiness)
            guard socket === upstream else { return .done }
        }
        // The event for the connection may also report more; it is edge-triggered and not repeated.
        if readiness.contains(.writable), input.isStalled { resumeInput() }
        return run()
    }

    func upstreamWasReplaced() { upstream = nil }

    func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        stop(reason, by: party, errno: errno)
    }

    /// Handles a refusal by the upstream or a router (ICMP), or an error that disables the socket.
    private func upstreamRefused(_ error: SystemError) {
        guard let upstream else { return }
        let party = FaultParty(error, over: upstream.stream.kind)
        if search.canContinue { return search.refused(errno: error.errno, party) }
        search.noteRefusal(errno: error.errno, party)
        if case .host = party { return end(Ending(reason: .error, party: .daemon, errno: error.errno)) }
        // The refused datagram was dropped too.
        traffic.dropped &+= 1
        end(Ending(reason: .resetByUpstream, party: .upstream, errno: error.errno))
    }
}

extension FramedSession {
    func upstreamWentDown() {
        client.resetOnClose()
        close(.upstreamDown, by: .daemon)
    }
}
