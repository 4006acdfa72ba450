// SPDX-License-Identifier: Apache-2.0

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
final class FramedConnection: Connection {
    /// How much is read at once, how many reads a turn may take, and how many calls for datagrams.
    private static let readLength = 64 << 10
    private static let readsPerTurn = 16
    private static let batchesPerTurn = 4

    /// How long, in nanoseconds, a client that has finished waits for one more datagram if nothing is said.
    private static let silence: UInt64 = 5_000_000_000

    /// How the connection is to end, once what is being done is done.
    private struct Ending {
        var reason: CloseReason
        var party: CloseParty
        var errno: CInt = 0
    }

    private let losses: FramingLosses
    private let search: UpstreamSearch<FramedConnection>
    private var upstream: UpstreamLink<FramedConnection>?

    private var input: FrameDecoder
    private var output: FrameQueue
    private var traffic = DatagramTraffic()
    private var unanswered = UnansweredMessages()

    /// What goes in front of the first datagram, or of each.
    private var header: [UInt8]?

    /// What is known of the sockets, which tell of each change once.
    private var clientIsReadable = false
    private var clientIsWritable = true
    private var upstreamIsReadable = false

    /// Whether the client's end was read, whether all before it was relayed, and whether the client takes nothing more.
    private var clientHasFinished = false
    private var inputIsOver = false
    private var clientIsGone = false

    /// How many datagrams to ask for: most bring one at a time.
    private var expected = 1

    /// Why the upstream did not take the message that waits in ``input``; 0 if it was not refused.
    private var refusal: CInt = 0

    /// How it ends: at once, or where the client has ended within a message, when it is over.
    private var ending: Ending?
    private var lastReason = CloseReason.clientClosed

    private var halfCloseDeadline = UInt64.max
    private var silenceDeadline = UInt64.max
    private var progressDeadline = UInt64.max

    init(
        _ arrival: consuming Arrival, lane: Lane, group: UpstreamGroup, framing: Framing, losses: FramingLosses
    ) {
        self.losses = losses
        input = FrameDecoder(framing)
        output = FrameQueue(framing)
        search = UpstreamSearch(in: group, on: lane, mayWait: true)
        super.init(arrival, lane: lane)
        if let interval = group.progressInterval { progressDeadline = accepted + interval }
    }

    /// The upstreams among which its own is.
    private var group: UpstreamGroup { search.group }

    override var upstreamTrace: UpstreamTrace? { search.trace }

    override var datagrams: DatagramTraffic? { traffic }

    // MARK: - Events

    override func admit() -> Refusal? {
        // Nothing is made for the header here; but whoever is in a loop comes no further.
        if let trail = origin?.trail, trail.next() == nil { return .loop(Int(trail.hops)) }
        return search.admit(self)
    }

    override func start() {
        search.begin()
        if isOpen { setDeadline() }
    }

    override func ready(_ readiness: Readiness) -> Turn {
        if readiness.contains(.writable) { clientIsWritable = true }
        if !readiness.isDisjoint(with: .anyInput) { clientIsReadable = true }
        if readiness.contains(.hangUp) { clientIsGone = true }
        if readiness.contains(.error), upstream == nil || clientHasFinished || input.isStalled { findError() }
        return run()
    }

    /// A client that is not read from tells of its reset in this way alone.
    private func findError() {
        do throws(SystemError) {
            try OutgoingSocket.finish(raw)
        } catch {
            clientBroke(error)
        }
    }

    /// Moves what can be moved.
    private func run() -> Turn {
        guard isOpen else { return .done }
        var isPending = false
        if upstreamIsReadable { isPending = receive() }
        flush()
        if readClient() { isPending = true }
        guard isOpen else { return .done }
        if let ending {
            end(ending)
        } else if refusal != 0 {
            let errno = refusal
            refusal = 0
            upstreamRefused(errno: errno)
        } else if clientIsGone, inputIsOver {
            // Nothing that comes would reach it.
            close(lastReason, by: .client)
        }
        return isPending && isOpen ? .again : .done
    }

    // MARK: - From the client

    /// Reads the client while the upstream takes what it sends.
    ///
    /// - Returns: whether there may be more.
    private func readClient() -> Bool {
        guard isOpen, upstream != nil, ending == nil, refusal == 0, !input.isStalled else { return false }
        for _ in 0..<Self.readsPerTurn {
            guard clientIsReadable, !clientHasFinished else { return false }
            do throws(SystemError) {
                switch try lane.input.receive(from: raw, atMost: Self.readLength) {
                case .wouldBlock:
                    clientIsReadable = false
                    return false
                case .endOfStream:
                    clientHasFinished = true
                    goOn()
                    return false
                case .moved(let count):
                    bytesIn &+= UInt64(count)
                    lastActivity = lane.now
                    take(count)
                }
            } catch {
                clientBroke(error)
                return false
            }
            guard ending == nil, refusal == 0, !input.isStalled else { return false }
        }
        return true
    }

    private func take(_ count: Int) {
        do throws(FramingMistake) {
            try lane.input.withBytes(count) { bytes throws(FramingMistake) in try input.decode(bytes, deliver) }
        } catch {
            endForLength()
        }
    }

    /// What is too long is not delivered short, and where the next message begins is not known any more.
    private func endForLength(errno: CInt = 0) {
        // What the upstream's socket found too long still waits, and is counted with what waits.
        if errno == 0 { traffic.dropped &+= 1 }
        ending = Ending(reason: .messageTooLong, party: .client, errno: errno)
    }

    /// Goes on with what the upstream has not taken, and with the end of the client behind it.
    private func goOn() {
        guard upstream != nil, ending == nil, !inputIsOver else { return }
        do throws(FramingMistake) {
            guard clientHasFinished else { return try input.resume(deliver) }
            try input.end(deliver)
            if !input.isStalled, ending == nil { finishInput() }
        } catch {
            guard error == .truncated else { return endForLength() }
            // It is not delivered short. What was asked before may still be answered.
            traffic.received &+= 1
            traffic.dropped &+= 1
            lastReason = .messageTruncated
            finishInput()
        }
    }

    /// All that the client has sent was relayed.
    private func finishInput() {
        inputIsOver = true
        if let timeout = group.halfCloseTimeout {
            halfCloseDeadline = lane.now + timeout
        } else {
            silenceDeadline = lane.now + Self.silence
        }
        setDeadline()
    }

    /// Sends one message to the upstream.
    ///
    /// - Returns: whether it is done with.
    private func deliver(_ message: RawSpan) -> Bool {
        guard let upstream, ending == nil, refusal == 0 else { return false }
        if upstream.kind == .can, !CANFrameLayout.isSendable(message) {
            traffic.received &+= 1
            traffic.dropped &+= 1
            losses.note(.noFrame)
            return true
        }
        do throws(SystemError) {
            guard try send(message, to: upstream) else { return false }
            unanswered.note(message)
        } catch {
            switch error.errno {
            case EMSGSIZE:
                endForLength(errno: EMSGSIZE)
                return false
            // The datagram alone is lost: no room, forbidden by a filter, none that the kind of socket has.
            case ENOBUFS, ENOMEM, EPERM, EINVAL:
                traffic.dropped &+= 1
            default:
                refusal = error.errno
                return false
            }
        }
        traffic.received &+= 1
        return true
    }

    /// - Returns: whether it went; if not, there is no room.
    private func send(_ message: RawSpan, to upstream: UpstreamLink<FramedConnection>) throws(SystemError) -> Bool {
        guard let header else { return try upstream.send(message) != .wouldBlock }
        var whole = header
        whole.append(copying: message)
        // unsafe: bytes have no padding.
        guard try upstream.send(unsafe whole.span.bytes) != .wouldBlock else { return false }
        if !group.settings.sendsProxyEach { self.header = nil }
        return true
    }

    private func clientBroke(_ error: SystemError) {
        // Who has finished and is gone breaks off nothing.
        if clientHasFinished { return close(lastReason, by: .client) }
        switch error.errno {
        case ECONNRESET, EPIPE, ENOTCONN: close(.resetByClient, by: .client)
        default: close(.error, by: .client, errno: error.errno)
        }
    }

    // MARK: - To the client

    /// Takes datagrams of the upstream, and puts their frames in the queue.
    ///
    /// - Returns: whether there may be more.
    private func receive() -> Bool {
        for _ in 0..<Self.batchesPerTurn {
            guard let upstream else { return false }
            let batch = lane.datagramBatch
            let count: Int
            do throws(SystemError) {
                count = try batch.receive(from: upstream.raw, atMost: expected, kind: upstream.kind)
            } catch {
                switch error.errno {
                // A datagram alone was lost.
                case EMSGSIZE, ENOBUFS, ENOMEM, EPERM: return true
                default: break
                }
                if refusal == 0 { refusal = error.errno }
                return false
            }
            guard count > 0 else {
                upstreamIsReadable = false
                return false
            }
            expected = count == expected ? min(expected * 2, DatagramBatch.capacity(of: upstream.kind)) : max(1, count)
            for index in 0..<count where upstream.isSource(of: index, in: batch) {
                search.answered()
                unanswered.forget()
                frame(index, of: batch)
            }
            flush()
            guard isOpen else { return false }
        }
        return true
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
        while isOpen, clientIsWritable, !output.isEmpty {
            do throws(SystemError) {
                let raw = raw
                let sent = try output.withBytes { bytes throws(SystemError) in try Transfer.send(raw, from: bytes) }
                guard case .moved(let count) = sent else {
                    clientIsWritable = false
                    return awaitRoom()
                }
                bytesOut &+= UInt64(count)
                traffic.sent &+= UInt64(output.consume(count))
                lastActivity = lane.now
            } catch {
                clientBroke(error)
            }
        }
    }

    // MARK: - Time and the end

    private func setDeadline() {
        let next = min(halfCloseDeadline, silenceDeadline, progressDeadline)
        let wanted = next == .max ? nil : next
        if ownDeadline != wanted { ownDeadline = wanted }
    }

    override func deadlineReached() {
        let now = lane.now
        if progressDeadline <= now, let interval = group.progressInterval {
            progressDeadline = now + interval
            lane.recordProgress(of: self)
        }
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
        if upstream == nil || misses { try? StreamSocket.resetOnClose(raw) }
        close(reason, by: party, errno: errno)
    }

    override func close(_ reason: CloseReason, by party: CloseParty, errno: CInt = 0) {
        if isOpen {
            traffic.dropped &+= UInt64(output.messages)
            // What was read whole and has not gone.
            let waiting = UInt64(input.drop(isOver: clientHasFinished))
            traffic.received &+= waiting
            traffic.dropped &+= waiting
            // What no upstream has got.
            if upstream == nil { traffic.dropped &+= UInt64(unanswered.messages.count) }
        }
        super.close(reason, by: party, errno: errno)
    }

    override func closed() {
        search.end()
        upstream = nil
    }
}

extension FramedConnection: UpstreamSeeker {
    func upstreamStands(_ link: UpstreamLink<FramedConnection>) {
        upstream = link
        header = group.header(for: self)
        for message in unanswered.messages where refusal == 0 { sendAgain(message, to: link) }
        if input.isStalled { goOn() }
        // A bus answers nothing, and no other one is to have its frames too.
        if link.kind == .can {
            search.answered()
            unanswered.forget()
        }
        lane.giveTurn(to: self)
    }

    /// Sends what another upstream has refused.
    private func sendAgain(_ message: [UInt8], to upstream: UpstreamLink<FramedConnection>) {
        do throws(SystemError) {
            // unsafe: bytes have no padding.
            if try !send(unsafe message.span.bytes, to: upstream) { traffic.dropped &+= 1 }
        } catch {
            switch error.errno {
            case EMSGSIZE, ENOBUFS, ENOMEM, EPERM, EINVAL: traffic.dropped &+= 1
            default: refusal = error.errno
            }
        }
    }

    func upstreamReady(_ readiness: Readiness) -> Turn {
        if !readiness.isDisjoint(with: [.readable, .error, .hangUp]) { upstreamIsReadable = true }
        if readiness.contains(.writable), input.isStalled { goOn() }
        return run()
    }

    func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        stop(reason, by: party, errno: errno)
    }

    /// The upstream, or a router on the way, has refused a datagram.
    private func upstreamRefused(errno: CInt) {
        guard unanswered.isWhole else {
            // What it knows of the connection, no other knows. The datagram that was refused counts too.
            search.noteRefusal(errno: errno)
            traffic.dropped &+= 1
            return end(Ending(reason: .resetByUpstream, party: .upstream, errno: errno))
        }
        upstream = nil
        search.refused(errno: errno)
    }
}

extension FramedConnection: RelayedConnection {
    func isRelayed(to upstream: Upstream) -> Bool { search.isConnected(to: upstream) }

    func upstreamWentDown() {
        try? StreamSocket.resetOnClose(raw)
        close(.upstreamDown, by: .daemon)
    }
}
