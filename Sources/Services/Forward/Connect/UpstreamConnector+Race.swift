// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

/// How long to wait for a descriptor, memory or a place in a backlog before it is tried again, in nanoseconds.
private let shortageTime: UInt64 = 20_000_000

/// One member: its addresses, and the race between them.
extension UpstreamConnector {
    /// Begins to connect to the member, once its addresses are known.
    func beginRace(_ connecting: Connecting<Socket>) -> ConnectRace.Action {
        while let member {
            switch group.members[member].upstream.addresses(for: group, on: lane, waiter: Waiter(self, on: lane)) {
            case .addresses(let found):
                connecting.wait = .sockets
                connecting.addresses = inOrder(found, of: group.members[member].upstream)
                if !found.isEmpty {
                    connecting.race = ConnectRace(connecting.addresses)
                    return connecting.race.start()
                }
                noteWithoutBlame("has no address that can be reached from the source", connecting)
                guard nextMember(connecting) else { return .none }
            case .pending:
                connecting.wait = .addresses
                connecting.nextStart = .max
                return .none
            case .failed(let reason):
                // The name service may have an answer before the time is over.
                guard leaveUnresolved(connecting, reason) else { return .none }
            }
        }
        return .none
    }

    /// The name of the member does not resolve now: goes over to another member, or waits for the name.
    ///
    /// - Returns: whether there is another one.
    private func leaveUnresolved(_ connecting: Connecting<Socket>, _ reason: String) -> Bool {
        let failed = member.map { group.members[$0].upstream.endpoint }
        if otherMember(connecting) {
            if let failed { connecting.failures.append("\(failed): does not resolve: \(reason)") }
            return true
        }
        connecting.lookupFailure = reason
        connecting.wait = .addresses
        connecting.nextStart = lane.now + KnownAddresses.retryTime
        return false
    }

    /// Of datagrams, only an answer shows which address is served.
    private func inOrder(_ found: [SocketAddress], of upstream: Upstream) -> [SocketAddress] {
        guard found.count > 1, upstream.kind.isDatagram else { return found }
        return upstream.withPreference { $0.order(found) }
    }

    /// Does what the race says, until there is something to wait for.
    func act(_ first: ConnectRace.Action) {
        var action = first
        while let connecting {
            switch action {
            case .none:
                return
            case .connect(let index, let delay):
                connecting.nextStart =
                    delay == nil
                    ? .max
                    : lane.now + ConnectRace.delay(of: connecting.addresses.count, within: group.connectTimeout)
                action = open(connecting, index)
            case .won(let index):
                guard let socket = connecting.sockets.take(index: index) else { return }
                abandon(connecting)
                return stands(socket, connecting)
            case .failed(let failures):
                abandon(connecting)
                note(failures, connecting)
                guard nextMember(connecting) else { return }
                action = beginRace(connecting)
            }
        }
    }

    /// Makes a socket and begins to connect it.
    func open(_ connecting: Connecting<Socket>, _ index: Int) -> ConnectRace.Action {
        connecting.wait = .sockets
        do throws(SystemError) {
            return try connect(to: index, connecting) ? connecting.race.connected(index) : .none
        } catch {
            return failed(connecting, index, error)
        }
    }

    /// An attempt could not be begun, or has failed: tries again where it is this host that lacks something.
    func failed(_ connecting: Connecting<Socket>, _ index: Int, _ error: SystemError) -> ConnectRace.Action {
        switch error.errno {
        case EMFILE where lane.pipes.closeResting(), ENFILE where lane.pipes.closeResting():
            return open(connecting, index)
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN:
            connecting.wait = .resources(index, errno: error.errno, at: lane.now + shortageTime)
            return .none
        default:
            return connecting.race.attemptFailed(index, errno: error.errno)
        }
    }

    /// An attempt has come to something.
    func attemptReady(_ socket: Socket, _ readiness: Readiness) {
        guard let connecting, connecting.sockets.contains(socket) else { return }
        do throws(SystemError) {
            // What has gone wrong is announced, so who is only writable stands.
            if !readiness.isDisjoint(with: [.error, .hangUp]) { try OutgoingSocket.finish(socket.raw) }
            guard readiness.contains(.writable) else { return }
            act(connecting.race.connected(socket.index))
        } catch {
            connecting.sockets.take(index: socket.index)?.close(on: lane)
            act(connecting.race.attemptFailed(socket.index, errno: error.errno))
        }
        if self.connecting != nil { setDeadline() }
    }

    // MARK: - What is known of the member

    /// The member has taken the connection.
    func noteSuccess(_ connecting: Connecting<Socket>) {
        guard let upstream = member.map({ group.members[$0].upstream }) else { return }
        let change = upstream.connectSucceeded(startedAt: connecting.begun, at: lane.now)
        if let change { group.tell(change, of: upstream, on: lane) }
    }

    /// Notes why the member was not reached, which is no fault of its own.
    private func noteWithoutBlame(_ reason: String, _ connecting: Connecting<Socket>) {
        guard let member else { return }
        connecting.failures.append("\(group.members[member].upstream.endpoint): \(reason)")
        connecting.isHostToBlame = true
    }

    /// Notes why the member was not reached.
    func note(_ reason: String, _ connecting: Connecting<Socket>, errno: CInt) {
        guard let member else { return }
        connecting.failures.append("\(group.members[member].upstream.endpoint): \(reason)")
        blame(member, connecting, errno: errno)
    }

    private func note(_ failures: [ConnectRace.Failure], _ connecting: Connecting<Socket>) {
        guard let member else { return }
        let kind = group.members[member].upstream.kind
        for failure in failures {
            let address = RecordedAddress(kind, connecting.addresses[failure.index])
            let reason = SystemError("connect", errno: failure.errno)
            connecting.failures.append("\(address): \(reason.reason) (\(reason.symbol))")
        }
        if let errno = failures.last?.errno { blame(member, connecting, errno: errno) }
    }

    private func blame(_ member: Int, _ connecting: Connecting<Socket>, errno: CInt) {
        connecting.isHostToBlame = false
        let upstream = group.members[member].upstream
        let change = upstream.connectFailed(startedAt: connecting.begun, at: lane.now, errno: errno)
        if let change { group.tell(change, of: upstream, on: lane) }
    }

    // MARK: - Time

    /// A time has come that something waits for.
    func connectingDeadlineReached() {
        guard let connecting else { return }
        let now = lane.now
        if connecting.roomDeadline <= now { return giveUp(.queueTimeout, by: .daemon, errno: 0) }
        if connecting.deadline <= now { return timedOut(connecting) }
        if connecting.nextStart <= now {
            connecting.nextStart = .max
            if connecting.wait == .addresses { goOn() } else { act(connecting.race.delayPassed()) }
        }
        if case .resources(let index, _, let time) = connecting.wait, time <= now { act(open(connecting, index)) }
    }

    private func timedOut(_ connecting: Connecting<Socket>) {
        switch connecting.wait {
        case .resources(_, let errno, _) where connecting.sockets.isEmpty && errno != EAGAIN:
            // Nothing is known of the upstream: it is this host that has no room.
            giveUp(.error, by: .daemon, errno: errno)
        case .addresses:
            noteWithoutBlame(
                connecting.lookupFailure.map { "does not resolve: \($0)" } ?? "its name was not resolved in time",
                connecting)
            connecting.wait = .sockets
            if nextMember(connecting) { act(beginRace(connecting)) }
        case .sockets, .room, .resources:
            act(connecting.race.timedOut())
        }
    }
}
