// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import ProxyProtocol
import Reactor
import Records

/// A stream that is relayed to an upstream of datagrams: each frame of the client becomes one datagram, from a socket of
/// its own for each connection, and each datagram that comes back becomes a frame.
///
/// An upstream that has no room stops the reading of the client. A client that does not read loses datagrams, beyond what
/// ``FrameQueue`` holds. Since datagrams have no end, a client that has finished is still given what comes, until nothing
/// has come for ``silence``, or for the listener's `half-close-timeout`.
///
/// Concurrency: belongs to one lane.
final class FramedSession: StreamSession {
    /// How many calls for datagrams a turn may take where few are ready.
    private static let batchesPerTurn = 4

    /// How long, in nanoseconds, a client that has finished waits for one more datagram if nothing is said.
    static let silence: UInt64 = 5_000_000_000

    /// How the connection is to end, once what is being done is done.
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

    /// What goes in front of the first datagram, or of each.
    var header: [UInt8]?

    /// Whether all that the client has sent was relayed, and whether the client takes nothing more.
    var inputIsOver = false
    private var clientIsGone = false

    /// How many datagrams to ask for: most bring one at a time.
    private var expected = 1

    /// How many datagrams the upstream's socket had lost when it was last read.
    private var knownDrops: UInt32 = 0

    /// Why the upstream did not take the message that waits in ``input``, or why its socket failed; nil if it did not.
    var refusal: SystemError?

    /// How it ends: at once, or where the client has ended within a message, when it is over.
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

    /// The upstreams among which its own is.
    var group: UpstreamGroup { search.group }

    override func snapshot() -> SessionSnapshot {
        SessionSnapshot(datagrams: isOpen ? traffic : trafficAtEnd, upstream: search.trace)
    }

    /// What it has moved, with what will not be moved any more.
    private var trafficAtEnd: DatagramTraffic {
        var traffic = traffic
        traffic.dropped &+= UInt64(output.messages)
        // What was read whole and has not gone.
        var input = input
        let waiting = UInt64(input.drop(isOver: client.hasEnded))
        traffic.received &+= waiting
        traffic.dropped &+= waiting
        // What no upstream has got.
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
        if readiness.contains(.hangUp) { clientIsGone = true }
        if readiness.contains(.error), upstream == nil || client.hasEnded || input.isStalled { findError() }
        return run()
    }

    /// A client that is not read from tells of its reset in this way alone.
    private func findError() {
        do throws(SystemError) {
            try client.takeError()
        } catch {
            clientBroke(error)
        }
    }

    /// Moves what can be moved.
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
        } else if clientIsGone, inputIsOver {
            // Nothing that comes would reach it.
            close(lastReason, by: .client)
        }
        return isPending && isOpen ? .again : .done
    }

    // MARK: - To the client

    /// Takes datagrams of the upstream, and puts their frames in the queue.
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
                if losesOne(error, over: upstream) { return true }
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

    /// Notes how many datagrams the upstream's socket has lost since it was made: SO_RXQ_OVFL of socket(7).
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
            traffic.dropped &+= output.append(joined: $0, segment: batch.segment(index), telling: losses)
        }
        // What a client that does not read loses keeps it from no timeout.
        if output.messages > before { lastActivity = lane.now }
    }

    /// Offers the client what waits for it.
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

    // MARK: - Time and the end

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

    /// Ends it; a client that would miss something is told so by a reset.
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

    /// A framed relay keeps its search: the upstream may answer nothing for as long as it lasts.
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
        // A bus answers nothing, and no other one is to have its frames too.
        if link.stream.kind == .can { search.answered() }
        lane.giveTurn(to: self)
    }

    /// Sends what another upstream has refused.
    private func sendAgain(_ message: [UInt8], to upstream: PeerSocket) {
        do throws(SystemError) {
            // unsafe: bytes have no padding.
            if try !send(unsafe message.span.bytes, to: upstream) { traffic.dropped &+= 1 }
        } catch {
            if losesOne(error, over: upstream) { traffic.dropped &+= 1 } else { refusal = error }
        }
    }

    func peerReady(_ socket: PeerSocket, _ readiness: Readiness) -> Turn {
        if socket !== upstream {
            search.attemptReady(socket, readiness)
            guard socket === upstream else { return .done }
        }
        // The event that tells that it is connected may tell of more, and nothing will tell of that again.
        if readiness.contains(.writable), input.isStalled { resumeInput() }
        return run()
    }

    func upstreamWasLeft() { upstream = nil }

    func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        stop(reason, by: party, errno: errno)
    }

    /// The upstream, or a router on the way, has refused a datagram, or its socket can send none any more.
    private func upstreamRefused(_ error: SystemError) {
        guard let upstream else { return }
        let party = FaultParty(error, over: upstream.stream.kind)
        if search.canGoOn { return search.refused(errno: error.errno, party) }
        search.noteRefusal(errno: error.errno, party)
        if case .host = party { return end(Ending(reason: .error, party: .daemon, errno: error.errno)) }
        // The datagram that was refused counts too.
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
