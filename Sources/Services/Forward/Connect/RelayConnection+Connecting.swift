// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

extension RelayConnection {
    /// How long to wait for a descriptor, memory or a place in a backlog before it is tried again, in nanoseconds.
    private static let shortageTime: UInt64 = 20_000_000

    /// Chooses the first member to try, or lines up for one.
    ///
    /// - Returns: why the client cannot be served.
    func findUpstream() -> Refusal? {
        let source = Balancer.sourceHash(of: peer, uid: credentials?.uid)
        let connecting = Connecting(ticket: group.makeTicket(), source: source)
        self.connecting = connecting
        switch choose(connecting) {
        case .member, .waits: return nil
        case .lineIsFull: return .queueLimit(group.settings.queueLimit)
        case .nobody: return .upstreamsDown
        }
    }

    /// Goes on with what there is now: a member, its addresses, or room.
    func goOn() {
        guard let connecting else { return }
        if member == nil {
            switch choose(connecting) {
            case .member: break
            case .waits: return
            case .lineIsFull, .nobody: return giveUp(.connectFailed)
            }
        }
        if connecting.sockets.isEmpty { act(beginRace(connecting)) }
    }

    /// What became of the search for a member.
    private enum Found {
        /// There is one, which counts this connection now.
        case member
        /// It waits in the line.
        case waits
        /// It would have to wait, and may not.
        case lineIsFull
        /// There is none.
        case nobody
    }

    /// Looks for a member, or lines up; who was in the line already keeps its place.
    private func choose(_ connecting: Connecting) -> Found {
        var place: UInt64?
        if case .room(let number) = connecting.wait { place = number }
        let wasCalled = !leaveLine(connecting)
        var found = look(connecting)
        guard found == .waits else {
            // The room that it was called for goes to the next one.
            if found == .nobody, wasCalled { group.line.serve() }
            return found
        }
        let waiter = Waiter(self, on: lane)
        guard let number = group.line.enter(waiter, limit: group.settings.queueLimit, again: place) else {
            return .lineIsFull
        }
        connecting.wait = .room(number)
        connecting.roomDeadline = min(connecting.roomDeadline, lane.now + group.queueTimeout)
        // Room may have come since it was looked for, and before there was anybody to be told.
        found = look(connecting)
        if found != .waits {
            if !leaveLine(connecting) { group.line.serve() }
        } else if wasCalled {
            group.line.serve(behind: number)
        }
        return found
    }

    private func look(_ connecting: Connecting) -> Found {
        switch group.choose(
            ticket: connecting.ticket, source: connecting.source, tried: connecting.tried, at: lane.now)
        {
        case .allBusy: return .waits
        case .noneAvailable: return .nobody
        case .member(let index):
            member = index
            connecting.tried.insert(index)
            connecting.attempts += 1
            connecting.roomDeadline = .max
            connecting.begun = Clock.monotonic
            connecting.deadline = connecting.begun + group.connectTimeout
            return .member
        }
    }

    /// - Returns: whether it was in no line, or still in it; if not, it was called, and somebody else may come instead.
    private func leaveLine(_ connecting: Connecting) -> Bool {
        guard case .room(let number) = connecting.wait else { return true }
        connecting.wait = .sockets
        return group.line.leave(number)
    }

    // MARK: - One member

    /// Begins to connect to the member, once its addresses are known.
    private func beginRace(_ connecting: Connecting) -> ConnectRace.Action {
        while let member {
            switch addresses(of: group.members[member].upstream) {
            case .addresses(let found):
                connecting.wait = .sockets
                let addresses = group.settings.source.map { source in found.filter(source.canReach) } ?? found
                guard !addresses.isEmpty else {
                    note("has no address that can be reached from the source", of: member)
                    guard nextMember(connecting) else { return .none }
                    continue
                }
                connecting.addresses = addresses
                connecting.race = ConnectRace(addresses)
                return connecting.race.start()
            case .pending:
                connecting.wait = .addresses
                return .none
            case .failed(let reason):
                note("does not resolve: \(reason)", of: member)
                guard nextMember(connecting) else { return .none }
            }
        }
        return .none
    }

    private func addresses(of upstream: Upstream) -> NameResolution.Answer {
        switch upstream.place {
        case .fixed: .addresses(upstream.fixedAddresses)
        case .named(let resolution):
            resolution.addresses(at: lane.now, interval: group.resolveInterval, waiter: Waiter(self, on: lane))
        }
    }

    /// Does what the race says, until there is something to wait for.
    func act(_ first: ConnectRace.Action) {
        var action = first
        while let connecting {
            switch action {
            case .none:
                return
            case .connect(let index, let delay):
                connecting.nextStart = delay.map { lane.now + $0 } ?? .max
                action = open(connecting, index)
            case .won(let index):
                return stands(connecting, index)
            case .failed(let failures):
                abandon(connecting)
                guard let member else { return }
                noteFailures(failures, of: member)
                guard nextMember(connecting) else { return }
                action = beginRace(connecting)
            }
        }
    }

    /// Makes a socket and begins to connect it.
    func open(_ connecting: Connecting, _ index: Int) -> ConnectRace.Action {
        let address = connecting.addresses[index]
        // Towards this host what the client has sent goes along: see ``sendEarly(to:_:)``.
        if connecting.maySendEarly, connecting.addresses.count == 1, address.isLoopback {
            connecting.awaitsClient = true
            return .none
        }
        connecting.wait = .sockets
        do throws(SystemError) {
            let descriptor = try OutgoingSocket.make(upstreamKind, for: address, from: group.settings.source)
            let socket = UpstreamSocket(descriptor, to: address, index: index, relay: self)
            let stands = try OutgoingSocket.connect(socket.raw, to: address)
            if !stands { try socket.watch(forRoom: true, on: lane) }
            connecting.sockets.append(socket)
            return stands ? connecting.race.connected(index) : .none
        } catch {
            return failed(connecting, index, error)
        }
    }

    /// An attempt could not be begun, or has failed: tries again where it is this host that lacks something.
    func failed(_ connecting: Connecting, _ index: Int, _ error: SystemError) -> ConnectRace.Action {
        switch error.errno {
        case EMFILE where lane.pipes.closeResting(), ENFILE where lane.pipes.closeResting():
            return open(connecting, index)
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN:
            connecting.wait = .resources(index, errno: error.errno, at: lane.now + Self.shortageTime)
            return .none
        default:
            return connecting.race.attemptFailed(index, errno: error.errno)
        }
    }

    /// An attempt has come to something.
    func attemptReady(_ socket: UpstreamSocket, _ readiness: Readiness) {
        guard let connecting, connecting.sockets.contains(socket) else { return }
        do throws(SystemError) {
            // What has gone wrong is announced, so who is only writable stands.
            if !readiness.isDisjoint(with: [.error, .hangUp]) { try OutgoingSocket.finish(socket.raw) }
            guard readiness.contains(.writable) else { return }
            act(connecting.race.connected(socket.index))
        } catch {
            drop(socket, from: connecting)
            act(connecting.race.attemptFailed(socket.index, errno: error.errno))
        }
        if isOpen { setDeadline() }
    }

    /// This one stands; the others are closed.
    func stands(
        _ connecting: Connecting, _ index: Int, isWritable: Bool = true, clientIsEmpty: Bool = false
    ) {
        guard let socket = connecting.sockets.take(index: index) else { return }
        abandon(connecting)
        do throws(SystemError) {
            if !socket.isWatched { try socket.watch(forRoom: toUpstream.isHolding, on: lane) }
        } catch {
            socket.close(on: lane)
            return close(.error, by: .daemon, errno: error.errno)
        }
        if let member {
            let upstream = group.members[member].upstream
            let change = upstream.connectSucceeded(startedAt: connecting.begun, at: lane.now)
            if let change { group.tell(change, of: upstream, on: lane) }
        }
        connected(to: socket, isWritable: isWritable, clientIsEmpty: clientIsEmpty)
    }

    // MARK: - Another member

    /// Goes over to another member, or gives up.
    ///
    /// - Returns: whether there is one to connect to now.
    private func nextMember(_ connecting: Connecting) -> Bool {
        if let member { group.leave(member) }
        member = nil
        connecting.deadline = .max
        connecting.nextStart = .max
        guard connecting.attempts < group.settings.attempts else {
            giveUp(.connectFailed)
            return false
        }
        switch choose(connecting) {
        case .member: return true
        case .waits: return false
        case .lineIsFull, .nobody:
            giveUp(.connectFailed)
            return false
        }
    }

    /// The client cannot be served.
    private func giveUp(_ reason: CloseReason) {
        try? StreamSocket.resetOnClose(raw)
        close(reason, by: reason == .queueTimeout ? .daemon : .upstream)
    }

    private func noteFailures(_ failures: [ConnectRace.Failure], of member: Int) {
        guard let connecting else { return }
        let upstream = group.members[member].upstream
        for failure in failures {
            let address = RecordedAddress(upstream.kind, connecting.addresses[failure.index])
            let reason = SystemError("connect", errno: failure.errno)
            connecting.failures.append("\(address): \(reason.reason) (\(reason.symbol))")
        }
        guard let errno = failures.last?.errno else { return }
        let change = upstream.connectFailed(startedAt: connecting.begun, at: lane.now, errno: errno)
        if let change { group.tell(change, of: upstream, on: lane) }
    }

    /// Notes why nothing was connected to, and gives up the leave to try, if this was the one connection that had it.
    private func note(_ reason: String, of member: Int) {
        guard let connecting else { return }
        let upstream = group.members[member].upstream
        connecting.failures.append("\(upstream.endpoint): \(reason)")
        let change = upstream.connectFailed(startedAt: connecting.begun, at: lane.now, errno: 0)
        if let change { group.tell(change, of: upstream, on: lane) }
    }

    // MARK: - Time

    /// A time has come that something waits for.
    func connectingDeadlineReached() {
        guard let connecting else { return }
        let now = lane.now
        if connecting.roomDeadline <= now { return giveUp(.queueTimeout) }
        if connecting.deadline <= now { return timedOut(connecting) }
        if connecting.nextStart <= now {
            connecting.nextStart = .max
            act(connecting.race.delayPassed())
        }
        if case .resources(let index, _, let time) = connecting.wait, time <= now { act(open(connecting, index)) }
    }

    private func timedOut(_ connecting: Connecting) {
        switch connecting.wait {
        case .resources(_, let errno, _) where connecting.sockets.isEmpty && errno != EAGAIN:
            // Nothing is known of the upstream: it is this host that has no room.
            try? StreamSocket.resetOnClose(raw)
            close(.error, by: .daemon, errno: errno)
        case .addresses:
            if let member { note("its name was not resolved in time", of: member) }
            connecting.wait = .sockets
            if nextMember(connecting) { act(beginRace(connecting)) }
        case .sockets, .room, .resources:
            act(connecting.race.timedOut())
        }
    }

    // MARK: - Letting go

    func drop(_ socket: UpstreamSocket, from connecting: Connecting) {
        connecting.sockets.take(index: socket.index)?.close(on: lane)
    }

    /// Closes the attempts, and leaves the line.
    func abandon(_ connecting: Connecting) {
        if !leaveLine(connecting) { group.line.serve() }
        while let socket = connecting.sockets.takeAny() { socket.close(on: lane) }
        connecting.awaitsClient = false
    }
}

extension SocketAddress {
    /// Whether a socket that is bound to this address can be connected to the other: IP to its own version, and all that is
    /// not IP.
    func canReach(_ other: SocketAddress) -> Bool {
        switch (self, other) {
        case (.ipv4, .ipv6), (.ipv6, .ipv4): false
        default: true
        }
    }
}
