// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records
import Relaying

/// A flow that is relayed to a stream upstream, with each datagram as a frame.
///
/// Each flow has its own connection. Each frame from the upstream is answered as a datagram. Datagrams wait in a
/// ``FrameQueue``, within its limits, while the connection is made and while the upstream is not writable. EOF from the
/// upstream ends the flow; the next datagram of the source begins another one.
///
/// Concurrency: belongs to one lane.
final class FramedFlow: Flow {
    /// How many bytes one read may return.
    private static let readLength = 64 << 10

    private let losses: FramingLosses

    /// The search for an upstream, until it is connected.
    private var search: UpstreamSearch?

    private(set) var upstream: PeerSocket?

    /// The group of its upstream, and its place there once it is connected.
    private(set) var group: UpstreamGroup
    private(set) var place: UpstreamPlace?

    private var input: FrameDecoder
    private(set) var output: FrameQueue
    var progressDeadline: UInt64

    init(flow seed: FlowSeed, lane: Lane, group: UpstreamGroup, framing: Framing, losses: FramingLosses) {
        self.losses = losses
        self.group = group
        input = FrameDecoder(framing)
        output = FrameQueue(framing)
        progressDeadline = Self.firstProgress(of: group, since: seed.identity.accepted)
        search = UpstreamSearch(
            in: group, from: seed.identity.sourceHash, on: lane,
            purpose: .flow)
        super.init(flow: seed, lane: lane)
    }

    override func snapshot() -> SessionSnapshot {
        var traffic = traffic
        // Frames that were not sent are dropped with the flow.
        if !isOpen { traffic.dropped &+= UInt64(output.messages) }
        return SessionSnapshot(datagrams: traffic, upstream: search?.trace ?? place?.trace(of: upstream))
    }

    override func admit() -> Refusal? {
        loopRefusal ?? search?.admit(self)
    }

    override func start() { setDeadline() }

    // MARK: - To the upstream

    override func received(_ range: Range<Int>, of batch: DatagramBatch) {
        super.received(range, of: batch)
        // Begins after the first datagram is queued: if the upstream refuses at once, that datagram is counted as dropped.
        if let search, !search.hasBegun {
            search.begin()
            if isOpen { setDeadline() }
        }
        flush()
    }

    override func received(_ bytes: RawSpan, segment: Int) {
        traffic.dropped &+= output.append(joined: bytes, segment: segment, noteLost: losses.note(lost:))
    }

    /// Writes queued frames to the upstream.
    private func flush() {
        while isOpen, let upstream, upstream.stream.isWritable, !output.isEmpty {
            do throws(SystemError) {
                let sent = try output.withBytes { bytes throws(SystemError) in try upstream.stream.write(bytes) }
                guard case .moved(let count) = sent else { break }
                _ = output.consume(count)
            } catch {
                upstreamBroke(error)
            }
        }
        if isOpen, !output.isEmpty, let upstream { awaitWritable(upstream) }
    }

    private func awaitWritable(_ upstream: PeerSocket) {
        do throws(SystemError) {
            try upstream.awaitWritable(on: lane)
        } catch {
            close(.error, by: .daemon, errno: error.errno)
        }
    }

    private func upstreamBroke(_ error: SystemError) {
        close(after: error, of: .upstream, over: upstream?.stream.kind ?? .tcp)
    }

    // MARK: - From the upstream

    /// Reads from the upstream, and answers with each message.
    ///
    /// - Returns: whether there may be more.
    private func readUpstream() -> Bool {
        for _ in 0..<lane.share / Self.readLength {
            guard isOpen, let upstream, upstream.stream.isReadable else { return false }
            do throws(SystemError) {
                switch try upstream.stream.read(into: lane.input, atMost: Self.readLength) {
                case .wouldBlock:
                    return false
                case .endOfStream:
                    endOfStream()
                    return false
                case .moved(let count):
                    lastActivity = lane.now
                    take(count)
                }
            } catch {
                upstreamBroke(error)
                return false
            }
        }
        return true
    }

    private func take(_ count: Int) {
        do throws(FramingMistake) {
            try lane.input.withBytes(count) { bytes throws(FramingMistake) in try input.decode(bytes, pass) }
        } catch {
            traffic.dropped &+= 1
            close(.messageTooLong, by: .upstream)
        }
    }

    private func pass(_ message: RawSpan) -> Bool {
        if identity.kind == .can, !CANFrameLayout.isSendable(message) {
            traffic.dropped &+= 1
            losses.note(.noFrame)
        } else {
            answer(message)
        }
        return true
    }

    private func endOfStream() {
        do throws(FramingMistake) {
            try input.end(pass)
            close(.upstreamClosed, by: .upstream)
        } catch {
            traffic.dropped &+= 1
            close(error == .truncated ? .messageTruncated : .messageTooLong, by: .upstream)
        }
    }

    // MARK: - Deadlines and the end

    override func deadlineReached() {
        passUpstreamDeadlines()
        if isOpen { setDeadline() }
    }

    override func ended(_ reason: CloseReason) {
        // A reset tells the upstream that it did not get everything.
        if !output.isEmpty { upstream?.stream.resetOnClose() }
        search?.end()
        search = nil
        upstream?.close(on: lane)
        upstream = nil
        place?.leave(self, traffic)
        place = nil
    }
}

extension FramedFlow: UpstreamSession {
    var ongoingSearch: UpstreamSearch? { search }

    func searchSucceeded(_ link: PeerSocket) {
        guard let search else { return }
        do throws(SystemError) {
            try link.watch(on: lane)
        } catch {
            return close(.error, by: .daemon, errno: error.errno)
        }
        upstream = link
        group = search.group
        place = search.takePlace()
        self.search = nil
        setDeadline()
        // TCP_NODELAY: a frame must not wait for the ACK of the one before.
        link.stream.setNoDelay()
        if let header = group.header(for: self) { output.prepend(header) }
        flush()
    }

    func peerReady(_ socket: PeerSocket, _ readiness: Readiness) -> Turn {
        if socket !== upstream {
            search?.attemptReady(socket, readiness)
            guard socket === upstream else { return .done }
        }
        // The event for the connection may also report data or EOF; it is edge-triggered and not repeated.
        flush()
        return readUpstream() ? .again : .done
    }

    func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        close(reason, by: party, errno: errno)
    }
    func upstreamWentDown() { close(.upstreamDown, by: .daemon) }
}
