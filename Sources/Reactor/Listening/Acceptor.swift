// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Records

/// Takes connections from one listening socket on one lane.
///
/// The socket is watched by every lane, and the kernel wakes one of them (EPOLLEXCLUSIVE). It is level-triggered, so what
/// one turn leaves behind wakes again.
///
/// Concurrency: belongs to one lane.
final class Acceptor: IngressSocket {
    /// How many connections one turn takes at most before the others have theirs.
    private static let batch = 64

    /// How many connections are taken from a backlog that is closed: the default of `backlog`, and of net.core.somaxconn.
    private static let mostAtEnd = 4096

    /// How long to leave a socket alone that cannot be accepted from, in nanoseconds.
    private static let pause: UInt64 = 250_000_000

    // Both hold it too, until the socket is taken from the listener.
    private let listener: LaneListener
    private let lane: Lane

    /// The address of every connection; nil if each has to be asked, since the socket listens on several.
    private let local: SocketAddress?

    /// How many connections the last turn found: the next one looks for one more, so that a socket which brings them one
    /// by one is not asked in vain each time.
    private var expected = 1

    /// When to try again; nil while the socket is watched, and `.max` for never.
    private var resumeTime: UInt64?

    /// How many connections may still be taken after the end; nil before it.
    private var left: Int?

    /// Whether the socket was shut down, and nothing has shown yet that it listens again.
    private var wasShutDown = false

    init(_ socket: ListeningSocket, listener: LaneListener, lane: Lane) {
        self.listener = listener
        self.lane = lane
        local = socket.address.isWildcard ? nil : socket.address
        super.init(socket)
    }

    /// Begins to accept.
    override func begin() {
        do throws(SystemError) {
            try lane.poll.add(socket.raw, for: [.readable, .exclusive], token: token)
            resumeTime = nil
        } catch {
            guard case .host(let fault) = FaultParty(.watch, errno: error.errno, over: socket.kind) else {
                OwnBug.end(because: error)
            }
            pause(because: error, fault)
        }
    }

    /// Stops accepting, once it has taken those that wait in the backlog: they were promised a connection. A flood of them
    /// would take seconds, so they are taken in batches, as they are before.
    override func end(leavesBacklog: Bool) -> Turn {
        guard resumeTime != .max else {
            lane.shared.forgetUnusable(socket.raw)
            return .done
        }
        stopWatching()
        resumeTime = nil
        guard !leavesBacklog else { return .done }
        left = Self.mostAtEnd
        return takeLast()
    }

    private func takeLast() -> Turn {
        for _ in 0..<Self.batch {
            guard let left, left > 0, take() else { return .done }
            self.left = left - 1
        }
        return .again
    }

    override func ready(_ readiness: Readiness) -> Turn {
        guard left == nil else {
            let turn = takeLast()
            if turn == .done { lane.ended(self) }
            return turn
        }
        // While it is not known whether there is enough again, until nobody waits any more.
        let most = lane.shared.isOutOfResources ? Self.batch : min(expected, Self.batch)
        var taken = 0
        while taken < most, take() { taken += 1 }
        expected = taken + 1
        return .done
    }

    /// Tries again.
    func resume() {
        guard let resumeTime, resumeTime != .max else { return }
        begin()
        // accept4(2) asks for a descriptor before it looks for a connection, so EMFILE may have come when nobody waited:
        // then no event will tell that the shortage is over.
        if self.resumeTime == nil { lane.giveTurn(to: self) }
    }

    override func deadline(at now: UInt64) -> UInt64? {
        if let resumeTime, resumeTime <= now { lane.resumeAccepting() }
        return resumeTime == .max ? nil : resumeTime
    }

    /// Takes one connection.
    ///
    /// - Returns: whether there may be another.
    private func take() -> Bool {
        do throws(SystemError) {
            guard let accepted = try socket.accept() else {
                wasShutDown = false
                lane.acceptedAll(under: listener.current)
                return false
            }
            admit(accepted)
            return true
        } catch {
            let party = FaultParty(error, over: socket.kind)
            switch party {
            // This connection is gone, or the network had something to say of it; the next one may be well.
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
                    lane.listensAgain(self, listener: listener.current)
                    return true
                }
                guard socket.wasPassed else { OwnBug.end(because: error) }
                guard left == nil else { return false }
                stopWatching()
                resumeTime = .max
                lane.cannotAccept(self, listener: listener.current, because: error)
                return false
            }
        }
    }

    /// Whether the socket may have been shut down from outside, which of TCP alone can be done.
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

    /// Leaves the socket alone for a while; whoever connects waits in the backlog.
    private func pause(because error: SystemError, _ fault: HostFault) {
        let time = lane.now + Self.pause
        resumeTime = time
        lane.schedule(self, at: time)
        lane.paused(self, listener: listener.current, because: error, fault)
    }

    #if DEBUG
        /// Whether the socket is left alone, for now or for good.
        var isPaused: Bool { resumeTime != nil }

        /// Whether it will be tried again.
        var willResume: Bool { resumeTime != nil && resumeTime != .max }
    #endif

    private func stopWatching() {
        guard resumeTime == nil else { return }
        // ENOENT is all that it could say: then it is not watched anyway.
        try? lane.poll.remove(socket.raw)
    }
}
