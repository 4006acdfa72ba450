// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Records

/// Accepts connections from one listening socket on one lane.
///
/// Every lane watches the socket, and the kernel wakes one or more of them (EPOLLEXCLUSIVE of epoll_ctl(2)). It is
/// level-triggered, so connections that one turn leaves in the backlog wake a lane again.
///
/// Concurrency: belongs to one lane.
final class Acceptor: IngressSocket {
    /// The most connections accepted in one turn.
    private static let batch = 64

    /// The most connections accepted from the backlog of a socket that is closed. It is the default of `backlog`, and of
    /// net.core.somaxconn.
    private static let maxAtEnd = 4096

    /// How long accepting pauses after a shortage, in nanoseconds.
    private static let pause: UInt64 = 250_000_000

    // Reference cycles, which end when the socket is removed from the listener and from the lane's table.
    private let listener: LaneListener
    private let lane: Lane

    /// The local address of every connection; nil for a wildcard socket, where getsockname(2) tells it.
    private let local: SocketAddress?

    /// The most connections to accept in the next turn: one more than the last turn accepted, if that found no end. So of
    /// connections that come one by one, every second costs an accept4(2) that returns EAGAIN.
    private var expected = 1

    /// When to resume; nil while epoll watches the socket, and `.max` for never.
    private var resumeTime: UInt64?

    /// Whether an operator has paused the listener, so that epoll does not watch the socket.
    private var isHeld = false

    /// How many more connections to accept from the backlog of a removed socket; nil before that.
    private var left: Int?

    /// Whether the socket was shut down from outside and listens again. Reset by the next accept that does not fail.
    private var wasShutDown = false

    init(_ socket: ListeningSocket, listener: LaneListener, lane: Lane) {
        self.listener = listener
        self.lane = lane
        local = socket.address.isWildcard ? nil : socket.address
        super.init(socket)
    }

    /// Starts accepting: registers the socket with epoll. Pauses if the host lacks something for that.
    override func begin() {
        isHeld = listener.current.state.isPaused
        guard !isHeld else {
            resumeTime = nil
            return
        }
        do throws(SystemError) {
            try lane.poll.add(socket.raw, for: [.readable, .exclusive], token: token)
            resumeTime = nil
        } catch {
            guard case .host(let fault) = FaultParty(.watch, errno: error.errno, over: socket.kind) else {
                OwnBug.exit(because: error)
            }
            pause(because: error, fault)
        }
    }

    /// Stops accepting, after the connections in the backlog were accepted.
    ///
    /// For their clients, connect(2) has succeeded already. A full backlog would take seconds, so it is accepted in
    /// batches, one in each turn.
    override func end(leavesBacklog: Bool) -> Turn {
        guard resumeTime != .max else {
            lane.shared.forgetUnusable(socket.raw)
            return .done
        }
        stopWatching()
        resumeTime = nil
        guard !leavesBacklog else { return .done }
        left = Self.maxAtEnd
        return acceptBacklog()
    }

    override func followPause() {
        guard left == nil, resumeTime != .max, isHeld != listener.current.state.isPaused else { return }
        if isHeld {
            // A shortage may last; then accepting resumes with it.
            isHeld = false
            if resumeTime == nil { begin() }
        } else {
            stopWatching()
            isHeld = true
        }
    }

    private func acceptBacklog() -> Turn {
        for _ in 0..<Self.batch {
            guard let left, left > 0, acceptOne() else { return .done }
            self.left = left - 1
        }
        return .again
    }

    override func ready(_ readiness: Readiness) -> Turn {
        guard left == nil else {
            let turn = acceptBacklog()
            if turn == .done { lane.ended(self) }
            return turn
        }
        guard !isHeld else { return .done }
        // During a shortage, accept until EAGAIN: only an empty backlog ends it (``Lane/backlogEmptied(under:)``).
        let most = lane.shared.isOutOfResources ? Self.batch : min(expected, Self.batch)
        var taken = 0
        while taken < most, acceptOne() { taken += 1 }
        expected = taken == most ? taken + 1 : max(taken, 1)
        return .done
    }

    /// Resumes accepting after a pause.
    func resume() {
        guard let resumeTime, resumeTime != .max else { return }
        begin()
        // accept4(2) allocates a descriptor before it looks for a connection, so EMFILE may have come with an empty
        // backlog: then no event would follow that ends the shortage.
        if self.resumeTime == nil, !isHeld { lane.giveTurn(to: self) }
    }

    override func deadline(at now: UInt64) -> UInt64? {
        if let resumeTime, resumeTime <= now { lane.resumeAccepting() }
        return resumeTime == .max ? nil : resumeTime
    }

    /// Accepts one connection.
    ///
    /// - Returns: whether there may be another.
    private func acceptOne() -> Bool {
        do throws(SystemError) {
            guard let accepted = try socket.accept() else {
                wasShutDown = false
                lane.backlogEmptied(under: listener.current)
                return false
            }
            wasShutDown = false
            admit(accepted)
            return true
        } catch {
            let party = FaultParty(error, over: socket.kind)
            switch party {
            // This connection failed, as with ECONNABORTED or a network error (accept(2)); the next one may succeed.
            case .peer, .datagram, .pending:
                return true
            case .host(.descriptors) where lane.pipes.closeResting():
                return true
            case .host(let fault):
                if resumeTime == nil, left == nil {
                    stopWatching()
                    pause(because: error, fault)
                }
                return false
            case .usher:
                if left == nil, canListenAgain(after: error), (try? socket.listenAgain()) != nil {
                    wasShutDown = true
                    lane.recordListensAgain(self, listener: listener.current)
                    return true
                }
                guard socket.wasPassed else { OwnBug.exit(because: error) }
                guard left == nil else { return false }
                stopWatching()
                resumeTime = .max
                lane.recordUnusable(self, listener: listener.current, because: error)
                return false
            }
        }
    }

    /// Whether EINVAL shows that the socket was shut down from outside, as by `ss --kill`. That is possible for TCP only.
    private func canListenAgain(after error: SystemError) -> Bool {
        error.errno == EINVAL && socket.kind == .tcp && !socket.wasPassed && !wasShutDown
    }

    private func admit(_ accepted: consuming AcceptedSocket) {
        let listener = listener.current
        let raw = accepted.descriptor.raw
        let peer = accepted.peer
        let local = local ?? (try? ListeningSocket.localAddress(of: raw))?.canonical ?? socket.address
        let admittance: Admittance
        do throws(Refusal) {
            admittance = try lane.admit(peer, to: listener)
        } catch {
            return lane.recordRefusal(error, of: listener) {
                ConnectionRecord(
                    time: Clock.realtime, event: .refused(error), connection: 0, listener: listener.label,
                    kind: socket.kind, peer: peer, local: local)
            }
        }
        let credentials = peer.isUnix ? try? PeerCredentials(of: raw) : nil
        let identity = Identity(
            number: lane.shared.makeIdentifier(), listener: listener, kind: socket.kind, peer: peer, local: local,
            credentials: credentials, accepted: lane.now)
        let stream = Stream(accepted.takeDescriptor(), socket.kind)
        lane.place(Seed(consume identity, stream, admittance), service: self.listener.service)
    }

    /// Pauses accepting; new connections wait in the backlog.
    private func pause(because error: SystemError, _ fault: HostFault) {
        let time = lane.now + Self.pause
        resumeTime = time
        lane.schedule(self, at: time)
        lane.didPause(self, listener: listener.current, because: error, fault)
    }

    #if DEBUG
        /// Whether accepting is paused: by a shortage, by an operator, or for good.
        var isPaused: Bool { resumeTime != nil || isHeld }

        /// Whether accepting will resume.
        var willResume: Bool { resumeTime != nil && resumeTime != .max }
    #endif

    private func stopWatching() {
        guard resumeTime == nil, !isHeld else { return }
        // It can only fail with ENOENT: epoll does not watch the socket anyway.
        try? lane.poll.remove(socket.raw)
    }
}
