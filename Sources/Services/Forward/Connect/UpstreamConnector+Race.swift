// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

/// One member: its addresses, and the race between them.
extension UpstreamConnector {
    /// Begins to connect to the member, once its addresses are known.
    func beginRace(_ connecting: Connecting) -> ConnectRace.Action {
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
    private func leaveUnresolved(_ connecting: Connecting, _ reason: String) -> Bool {
        let failed = member.map { group.members[$0].upstream.endpoint }
        if otherMember(connecting) {
            if let failed { connecting.failures.append("\(failed): \(reason)") }
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
                connecting.nextStart = delay == nil ? .max : lane.now + startDelay(connecting)
                action = open(connecting, index)
            case .won(let index):
                guard let socket = connecting.sockets.take(index: index) else { return }
                abandon(connecting)
                return stands(socket, connecting)
            case .failed(let failures):
                abandon(connecting)
                if let shortage = shortage(failures, connecting) {
                    let words = words(for: failures, connecting)
                    guard otherMember(connecting, orEjected: false) else {
                        // The whole race again: addresses may have got ports meanwhile.
                        return connecting.wait(for: shortage.error, shortage.party, index: nil, at: lane.now)
                    }
                    connecting.failures += words
                } else {
                    note(failures, connecting)
                    guard nextMember(connecting) else { return }
                }
                action = beginRace(connecting)
            }
        }
    }

    /// After how many nanoseconds the next address is tried.
    private func startDelay(_ connecting: Connecting) -> UInt64 {
        ConnectRace.delay(of: connecting.addresses.count, within: group.connectTimeout)
    }

    /// Makes a socket and begins to connect it.
    func open(_ connecting: Connecting, _ index: Int) -> ConnectRace.Action {
        if case .resources(let shortage) = connecting.wait, let other = shortage.index, other != index {
            // This one takes its place as the one that is retried.
            connecting.race.postpone(other)
            if connecting.nextStart == .max { connecting.nextStart = lane.now + startDelay(connecting) }
        }
        connecting.wait = .sockets
        do throws(SystemError) {
            return try connect(to: index, connecting) ? connecting.race.connected(index) : .none
        } catch {
            return failed(connecting, index, error)
        }
    }

    /// An attempt could not be begun, or has failed: tries again where something is used up at the moment.
    func failed(_ connecting: Connecting, _ index: Int, _ error: SystemError) -> ConnectRace.Action {
        guard let member else { return .none }
        let party = FaultParty(error, over: group.members[member].upstream.kind)
        switch party {
        case .host(.descriptors) where lane.pipes.closeResting():
            return open(connecting, index)
        case .host(let fault) where fault.isShortage && !fault.isOfPeer:
            // Another address or upstream would lack it too.
            tell(fault, error)
            connecting.wait(for: error, party, index: index, at: lane.now)
            return .none
        case .peer where error.errno == EAGAIN:
            // The backlog of a Unix socket is full: connect(2).
            connecting.wait(for: error, party, index: index, at: lane.now)
            return .none
        case .usher:
            OwnBug.end(because: error)
        case .peer, .host, .datagram, .pending:
            return connecting.race.attemptFailed(index, errno: error.errno, party: party)
        }
    }

    /// What was used up, if a race has failed for that and for nothing that the upstream is to blame for.
    private func shortage(
        _ failures: [ConnectRace.Failure], _ connecting: Connecting
    ) -> (error: SystemError, party: FaultParty)? {
        guard failures.allSatisfy({ $0.party != .peer }),
            let last = failures.last(where: { $0.party.hostFault?.isShortage ?? false }),
            let fault = last.party.hostFault
        else { return nil }
        let error = SystemError("connect", errno: last.errno)
        tell(fault, error)
        return (error, last.party)
    }

    /// Tells, once, that this host lacks something.
    func tell(_ fault: HostFault, _ error: SystemError) {
        guard let member else { return }
        let upstream = group.members[member].upstream
        lane.lacks(fault, because: error, towards: upstream.recorded, label: group.label)
    }

    /// An attempt has come to something.
    func attemptReady(_ socket: PeerSocket, _ readiness: Readiness) {
        guard let connecting, connecting.sockets.contains(socket) else { return }
        do throws(SystemError) {
            try socket.stream.finishConnecting(readiness)
            guard socket.stream.isConnected else { return }
            act(connecting.race.connected(socket.index))
        } catch {
            connecting.sockets.take(index: socket.index)?.close(on: lane)
            let kind = member.map { group.members[$0].upstream.kind } ?? .tcp
            let party = FaultParty(.connecting, errno: error.errno, over: kind)
            act(connecting.race.attemptFailed(socket.index, errno: error.errno, party: party))
        }
        if self.connecting != nil { setDeadline() }
    }

    // MARK: - What is known of the member

    /// The member has taken the connection.
    func noteSuccess(_ connecting: Connecting) {
        guard let upstream = member.map({ group.members[$0].upstream }) else { return }
        let change = upstream.connectSucceeded(startedAt: connecting.begun, at: lane.now)
        if let change { group.tell(change, of: upstream, on: lane) }
    }

    /// Notes why the member was not reached, which is no fault of its own.
    private func noteWithoutBlame(_ reason: String, _ connecting: Connecting) {
        connecting.isHostToBlame = true
        guard let member else { return }
        connecting.failures.append("\(group.members[member].upstream.endpoint): \(reason)")
    }

    /// Notes why the member refused: it counts against it where it is to blame.
    func note(refusal errno: CInt, _ party: FaultParty, _ connecting: Connecting) {
        guard let member else { return }
        let upstream = group.members[member].upstream
        let words = UpstreamFailure.words(for: errno, kind: upstream.kind, party)
        connecting.failures.append("\(upstream.endpoint): \(words)")
        blame(upstream, connecting, errno: errno, party)
    }

    private func note(_ failures: [ConnectRace.Failure], _ connecting: Connecting) {
        guard let member else { return }
        connecting.failures += words(for: failures, connecting)
        // One that was at fault itself counts, whatever this host lacked for the others.
        guard let failure = failures.last(where: { $0.party == .peer }) ?? failures.last else { return }
        blame(group.members[member].upstream, connecting, errno: failure.errno, failure.party)
    }

    private func words(for failures: [ConnectRace.Failure], _ connecting: Connecting) -> [String] {
        guard let member else { return [] }
        let kind = group.members[member].upstream.kind
        return failures.map {
            let address = RecordedAddress(kind, connecting.addresses[$0.index])
            return "\(address): \(UpstreamFailure.words(for: $0.errno, kind: kind, $0.party))"
        }
    }

    /// Counts a failure against the upstream that is to blame for it, or tells what this host lacks.
    private func blame(
        _ upstream: Upstream, _ connecting: Connecting, errno: CInt, _ party: FaultParty
    ) {
        switch party {
        case .host(let fault):
            let error = SystemError("connect", errno: errno)
            connecting.hostError = error
            connecting.isHostToBlame = true
            tell(fault, error)
        case .peer, .datagram, .usher, .pending:
            connecting.upstreamHasFailed = true
            let change = upstream.connectFailed(startedAt: connecting.begun, at: lane.now, errno: errno)
            if let change { group.tell(change, of: upstream, on: lane) }
        }
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
        if case .resources(let shortage) = connecting.wait, shortage.time <= now {
            act(shortage.index.map { open(connecting, $0) } ?? beginRace(connecting))
        }
    }

    private func timedOut(_ connecting: Connecting) {
        switch connecting.wait {
        case .resources(let shortage) where connecting.sockets.isEmpty && shortage.party != .peer:
            // Nothing is known of the upstream: it is this host that has no room.
            if let member {
                let kind = group.members[member].upstream.kind
                let words = UpstreamFailure.words(for: shortage.error.errno, kind: kind, shortage.party)
                connecting.failures.append("\(group.members[member].upstream.endpoint): \(words)")
            }
            giveUp(.error, by: .daemon, errno: shortage.error.errno)
        case .resources(let shortage) where connecting.sockets.isEmpty:
            guard let index = shortage.index else { return act(connecting.race.timedOut()) }
            act(connecting.race.attemptFailed(index, errno: shortage.error.errno, party: shortage.party))
        case .addresses:
            noteWithoutBlame(connecting.lookupFailure ?? "its name was not resolved in time", connecting)
            connecting.wait = .sockets
            if nextMember(connecting) { act(beginRace(connecting)) }
        case .resources(let shortage):
            if let index = shortage.index {
                connecting.race.gaveUp(index, errno: shortage.error.errno, party: shortage.party)
            }
            act(connecting.race.timedOut())
        case .sockets, .room:
            act(connecting.race.timedOut())
        }
    }
}
