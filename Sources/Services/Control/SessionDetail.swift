// SPDX-License-Identifier: Apache-2.0

import Addresses
import ControlProtocol
import LinuxSystem
import ProxyProtocol
import Reactor
import Records
import Relaying

/// A session that was looked at closely, as its lane saw it. Its text is made on the control lane.
struct SessionDetail: Sendable {
    /// One side of the session.
    struct Side: Sendable {
        /// The address of this host's socket, and the kernel's view of it.
        var local: RecordedAddress?
        var socket: SocketState
        /// How bytes from this side are moved on.
        var transfer: SideStatus.Transfer?
        /// Bytes for this side.
        var held = 0
        var piped = 0
        var hasEnded = false

        /// Looks at a stream: some system calls.
        init(_ stream: borrowing Stream) {
            socket = stream.kernelState
            hasEnded = stream.hasEnded
            local = (try? stream.localAddress()).map { RecordedAddress(stream.kind, $0.canonical) }
        }
    }

    /// What is known of a deadline, with its time in nanoseconds.
    struct Deadline: Sendable {
        let name: StaticString
        let time: UInt64
    }

    let sample: SessionSample
    /// ``Lane/now``, from which deadlines count.
    let now: UInt64
    var deadlines: [Deadline] = []
    var client: Side?
    var upstream: Side?
    var relaying: RelayingStatus?
    /// When the upstream was connected, and when one direction had ended, by ``Clock/monotonic``.
    var connected: UInt64?
    var halfClosed: UInt64?

    /// Looks at a session. Called on its lane.
    init(of session: Session, on lane: Lane) {
        let live = lane.liveState(of: session)
        sample = SessionSample(live, lane: lane.handle.number)
        now = lane.now
        relaying = live.relaying
        let common = session.commonDeadlines
        add("idle-timeout", common.idle)
        add("lifetime", common.lifetime)
        add("closing", common.end)
        if let stream = session as? StreamSession { client = Side(stream.client) }
        if let worker = session as? Worker { client?.held = worker.heldBytes }
        if let relayed = session as? any UpstreamSession {
            relayed.addDetail(to: &self)
        } else {
            add("service", session.ownDeadline)
        }
    }

    /// Adds a deadline that is in force.
    mutating func add(_ name: StaticString, _ time: UInt64?) {
        guard let time, time != .max else { return }
        deadlines.append(Deadline(name: name, time: time))
    }

    // MARK: - For the client of the control socket

    /// What a client gets.
    var result: ControlResults.Show {
        var detail = ConnectionDetail()
        detail.origin = sample.identity.origin.map { OriginStatus($0, sample.identity.kind) }
        detail.deadlines = deadlines.sorted { $0.time < $1.time }.map {
            DeadlineStatus(name: $0.name.description, leftMicroseconds: Clock.span(from: now, to: $0.time) / 1000)
        }
        detail.halfClosed = halfClosed.map { Clock.realtime(of: $0) / 1000 }
        detail.client = client.map(SideStatus.init)
        detail.upstream = upstream.map(SideStatus.init)
        detail.relaying = relaying
        detail.relaying?.connected = connected.map { Clock.realtime(of: $0) / 1000 }
        return ControlResults.Show(connection: sample.status, detail: detail)
    }
}

extension LiveSession {
    /// How its upstream was found; nil if it has none.
    fileprivate var relaying: RelayingStatus? {
        switch upstream {
        case .some(let trace):
            RelayingStatus(
                connectMicroseconds: trace.connectMicroseconds, queueMicroseconds: trace.queueMicroseconds,
                attempts: trace.attempts, failures: trace.failures)
        case nil: nil
        }
    }
}

extension OriginStatus {
    /// What a header said.
    fileprivate init(_ origin: ProxyOrigin, _ kind: SocketKind) {
        let header = origin.header
        self.init(
            via: RecordedAddress(kind, origin.via).description, version: header.version == .v1 ? 1 : 2,
            isLocal: header.command == .local)
        destination = header.destination.map { RecordedAddress(kind, $0).description }
        uniqueID = header.uniqueID.map { Self.text($0.bytes) }
        authority = header.authority.map(Self.text)
        hops = origin.trail.map { Int($0.hops) }
    }

    /// Printable ASCII as it is, other bytes as `\xff`.
    private static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.flatMap { byte -> [UInt8] in
            if (0x20..<0x7f).contains(byte), byte != UInt8(ascii: "\\") { return [byte] }
            return [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 0xf)]]
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension SideStatus {
    fileprivate init(_ side: SessionDetail.Side) {
        self.init()
        local = side.local?.description
        transfer = side.transfer
        held = side.held
        piped = side.piped
        hasEnded = side.hasEnded
        receiveQueue = side.socket.unread
        sendQueue = side.socket.pending
        tcp = side.socket.tcp.map(TCPStatus.init)
    }
}

extension TCPStatus {
    fileprivate init(_ tcp: TCPState) {
        self.init()
        state = tcp.phase.map(State.init)
        congestion = tcp.congestion.isEmpty ? nil : tcp.congestion
        rttMicroseconds = tcp.roundTripTime
        variationMicroseconds = tcp.roundTripVariation
        timeoutMicroseconds = tcp.retransmissionTimeout
        mss = tcp.segmentSize
        window = tcp.window
        unacknowledged = tcp.unacknowledged
        unsent = tcp.unsent
        retransmits = tcp.retransmits
        timeouts = tcp.timeouts
        deliveryRate = tcp.deliveryRate
        pacingRate = tcp.pacingRate
        receivedMicroseconds = tcp.receivedAge.map { UInt64($0) * 1000 }
        sentMicroseconds = tcp.sentAge.map { UInt64($0) * 1000 }
    }
}

extension TCPStatus.State {
    fileprivate init(_ phase: TCPState.Phase) {
        self =
            switch phase {
            case .established: .established
            case .synSent: .synSent
            case .synReceived: .synReceived
            case .finWait1: .finWait1
            case .finWait2: .finWait2
            case .timeWait: .timeWait
            case .closed: .closed
            case .closeWait: .closeWait
            case .lastAcknowledgment: .lastAcknowledgment
            case .listening: .listening
            case .closing: .closing
            }
    }
}
