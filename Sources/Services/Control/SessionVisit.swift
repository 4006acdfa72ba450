// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import LinuxSystem
import Reactor
import Records

/// What a call does with the open connections of a lane, some slots in each turn.
enum SessionVisit: Sendable {
    /// Lists those that match, perhaps with their round-trip times.
    case list(SessionFilter, withRTT: Bool)
    /// Counts those that match, and closes them unless it is a dry run.
    case close(SessionFilter, isDryRun: Bool)
    /// Adds up the bytes of each listener.
    case sum
    /// Looks closely at the one with this number.
    case show(UInt64)

    /// How many slots to look at in a turn: about 50 microseconds of work. A round-trip time is one system call, a close some.
    private var slots: Int {
        switch self {
        case .list(_, withRTT: false), .sum, .show, .close(_, isDryRun: true): 256
        case .list(_, withRTT: true): 64
        case .close(_, isDryRun: false): 32
        }
    }

    /// Visits the next slots of a lane.
    func run(on lane: Lane, from cursor: Int) -> SessionSlice {
        var slice = SessionSlice()
        if case .show(let number) = self {
            let found = lane.find(number: number, from: cursor, limit: slots)
            slice.next = found.next
            slice.detail = found.session.map { SessionDetail(of: $0, on: lane) }
            return slice
        }
        slice.next = lane.snapshot(from: cursor, limit: slots) { session, live in
            switch self {
            case .list(let filter, let withRTT):
                guard filter.matches(live) else { return }
                var sample = SessionSample(live, lane: lane.handle.number)
                if withRTT { sample.roundTripTime = (session as? StreamSession)?.client.roundTripTime }
                slice.samples.append(sample)
            case .close(let filter, let isDryRun):
                guard filter.matches(live) else { return }
                slice.count += 1
                if !isDryRun { session.stop(.closedByOperator, by: .operator) }
            case .sum:
                slice.traffic[live.identity.listener.identifier, default: SessionSlice.Bytes()].add(live.traffic)
            case .show: break
            }
        }
        return slice
    }
}

/// What a ``SessionVisit`` found in some slots of a lane.
struct SessionSlice: Sendable {
    /// Bytes of open connections.
    struct Bytes: Sendable {
        var received: UInt64 = 0
        var sent: UInt64 = 0

        mutating func add(_ traffic: ConnectionTraffic) {
            received &+= traffic.bytesIn
            sent &+= traffic.bytesOut
        }
    }

    /// The slot to continue with; nil after the last of the lane.
    var next: Int?
    /// Of a list.
    var samples: [SessionSample] = []
    /// Of a close.
    var count = 0
    /// Of a sum, by the identifier of the listener.
    var traffic: [Int: Bytes] = [:]
    /// The connection that was looked for.
    var detail: SessionDetail?
}

/// An open connection as a lane saw it. Its text is made on the control lane.
struct SessionSample: Sendable {
    let identity: Identity
    let traffic: ConnectionTraffic
    let idleTime: UInt64
    let upstream: RecordedAddress?
    let lane: Int
    /// In microseconds.
    var roundTripTime: UInt32?

    init(_ session: borrowing LiveSession, lane: Int) {
        identity = session.identity
        traffic = session.traffic
        idleTime = session.idleTime
        upstream = session.upstreamAddress
        self.lane = lane
    }

    /// What a client gets.
    var status: ConnectionStatus {
        var status = ConnectionStatus(
            number: identity.number, listener: identity.listener.label.name, service: identity.listener.label.service,
            peer: RecordedAddress(identity.kind, identity.peer).description,
            local: RecordedAddress(identity.kind, identity.local).description, lane: lane,
            accepted: Clock.realtime(of: identity.accepted) / 1000,
            durationMicroseconds: traffic.durationMicroseconds, idleMicroseconds: idleTime / 1000,
            bytesIn: traffic.bytesIn, bytesOut: traffic.bytesOut)
        status.via = identity.origin.map { RecordedAddress(identity.kind, $0.via).description }
        status.upstream = upstream?.description
        status.rttMicroseconds = roundTripTime
        if let credentials = identity.credentials {
            status.uid = credentials.uid
            status.gid = credentials.gid
            status.pid = Int32(clamping: credentials.pid)
        }
        status.datagrams = traffic.datagrams.map {
            DatagramCounts(received: $0.received, sent: $0.sent, dropped: $0.dropped)
        }
        return status
    }

    /// Whether it is in front of another in an order.
    func precedes(_ other: SessionSample, by order: ConnectionOrder) -> Bool {
        let (mine, theirs): (UInt64, UInt64) =
            switch order {
            case .age: (0, 0)
            case .bytes: (other.moved, moved)
            case .idle: (other.idleTime, idleTime)
            case .rtt: (UInt64(other.roundTripTime ?? 0), UInt64(roundTripTime ?? 0))
            }
        return (mine, identity.number) < (theirs, other.identity.number)
    }

    private var moved: UInt64 { traffic.bytesIn &+ traffic.bytesOut }
}

extension LiveSession {
    /// The upstream that it is relayed to.
    var upstreamAddress: RecordedAddress? {
        switch upstream {
        case .some(let trace): trace.upstream
        case nil: nil
        }
    }
}
