// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records
import Relaying

/// One member: its addresses, and the race between them.
extension UpstreamSearch {
    /// Begins to connect to the member. Waits if its addresses are not known yet.
    func beginRace() -> ConnectRace.Action {
        while let owner, let member {
            let upstream = group.members[member].upstream
            // An operator may have withdrawn it while the search waited for its addresses or a resource.
            if upstream.isWithdrawn, otherMember(orEjected: false) { continue }
            switch upstream.addresses(for: group, on: lane, waiter: Waiter(owner, on: lane)) {
            case .addresses(let found):
                wait(for: .sockets)
                addresses = inOrder(found, of: upstream)
                if !found.isEmpty {
                    race = ConnectRace(addresses)
                    return race.start()
                }
                noteHostFault("has no address that can be reached from the source")
                guard nextMember() else { return .none }
            case .pending:
                wait(for: .addresses)
                nextStart = .max
                return .none
            case .failed(let reason):
                // A later look-up may succeed before the deadline.
                guard leaveUnresolved(reason) else { return .none }
            }
        }
        return .none
    }

    /// Tries another member while the name of this one does not resolve, or waits for the name.
    ///
    /// - Returns: whether there is another member.
    private func leaveUnresolved(_ reason: String) -> Bool {
        let failed = member.map { group.members[$0].upstream.endpoint }
        if otherMember() {
            if let failed { failures.append("\(failed): \(reason)") }
            return true
        }
        lookupFailure = reason
        wait(for: .addresses)
        nextStart = lane.now + KnownAddresses.retryTime
        return false
    }

    /// Returns addresses in the order in which to try them. For datagrams the results of earlier flows decide which is
    /// first.
    private func inOrder(_ found: [SocketAddress], of upstream: Upstream) -> [SocketAddress] {
        guard found.count > 1, upstream.kind.isDatagram else { return found }
        return ConnectRace.order(of: upstream.withPreference { $0.order(found) })
    }

    /// Carries out actions of the race until there is something to wait for.
    ///
    /// - Parameter beforeFirstBytes: whether the owner will read from the client for the first time after this.
    func act(_ first: ConnectRace.Action, beforeFirstBytes: Bool = false) {
        var action = first
        while isSearching {
            switch action {
            case .none:
                return
            case .connect(let index):
                nextStart = race.hasNext ? lane.now + startDelay() : .max
                if beforeFirstBytes, addresses.count == 1, owner?.sendsFirstBytesEarly(to: addresses[index]) == true {
                    return wait(for: .client(index))
                }
                action = open(index)
            case .won(let index):
                guard let socket = sockets.take(index: index) else { return }
                abandon()
                return succeeded(socket)
            case .failed(let failed):
                abandon()
                if let shortage = shortage(failed) {
                    let words = words(for: failed)
                    guard otherMember(orEjected: false) else {
                        // Repeats the whole race: local ports may have become free.
                        return waitForResources(shortage.errno, shortage.party, index: nil)
                    }
                    failures += words
                } else {
                    note(failed)
                    guard nextMember() else { return }
                }
                action = beginRace()
            }
        }
    }

    /// The nanoseconds before the next address is tried.
    private func startDelay() -> UInt64 {
        ConnectRace.delay(of: addresses.count, within: timeout)
    }

    /// Makes a socket for one address of the member and begins to connect it; nil without a member.
    ///
    /// - Parameter hasData: whether the first bytes are ready to be sent.
    func makeSocket(to index: Int, hasData: Bool = false) throws(SystemError) -> PeerSocket? {
        guard let owner, let member else { return nil }
        return try PeerSocket(
            connectingTo: addresses[index], index: index, of: group.members[member].upstream,
            from: group.settings.source, timers: group.members[member].timers, owner: owner, on: lane,
            hasData: hasData)
    }

    /// Makes a socket, begins to connect it, and reports the outcome to the race.
    func open(_ index: Int) -> ConnectRace.Action {
        if case .resources(let shortage) = wait, let other = shortage.index, other != index {
            // This attempt is now the one to repeat.
            race.postpone(other)
            if nextStart == .max { nextStart = lane.now + startDelay() }
        }
        wait(for: .sockets)
        do throws(SystemError) {
            guard let socket = try makeSocket(to: index) else { return .none }
            // A connected stream needs no event. A datagram socket is registered for answers and ICMP errors.
            if socket.stream.kind.isDatagram, purpose == .flow {
                try socket.watchLevelTriggered(on: lane)
            } else if !socket.stream.isConnected || socket.stream.kind.isDatagram {
                try socket.watch(on: lane)
            }
            sockets.append(socket)
            guard socket.stream.isConnected, try provesReachable(socket) else { return .none }
            return race.connected(index)
        } catch {
            sockets.take(index: index)?.close(on: lane)
            return failed(index, error)
        }
    }

    /// Whether a connected socket proves that the upstream is there, for the purpose of the search.
    ///
    /// A check of datagrams needs an answer, and sends to all addresses one after the other.
    private func provesReachable(_ socket: PeerSocket) throws(SystemError) -> Bool {
        guard purpose == .check, let owner else { return true }
        return try owner.provesReachable(socket)
    }

    /// Handles an attempt that failed. Schedules a retry if this host, or the upstream's backlog, is short of a resource.
    func failed(_ index: Int, _ error: SystemError) -> ConnectRace.Action {
        guard let member else { return .none }
        let party = FaultParty(error, over: group.members[member].upstream.kind)
        switch party {
        case .host(.descriptors) where lane.pipes.closeResting():
            return open(index)
        case .host(let fault) where fault.isShortage && !fault.isOfPeer:
            // Another address or upstream would need the same resource.
            logFault(fault, error)
            waitForResources(error.errno, party, index: index)
            return .none
        case .peer where error.errno == EAGAIN:
            // EAGAIN from connect(2) on a Unix socket: the upstream's backlog is full.
            waitForResources(error.errno, party, index: index)
            return .none
        case .usher:
            OwnBug.exit(because: error)
        case .peer, .host, .datagram, .pending:
            return race.attemptFailed(index, errno: error.errno, party: party)
        }
    }

    /// The shortage that made a race fail, if no failure is attributed to the upstream.
    private func shortage(
        _ failures: [ConnectRace.Failure]
    ) -> (errno: CInt, party: FaultParty)? {
        guard failures.allSatisfy({ $0.party != .peer }),
            let last = failures.last(where: { $0.party.hostFault?.isShortage ?? false }),
            let fault = last.party.hostFault
        else { return nil }
        logFault(fault, SystemError("connect", errno: last.errno))
        return (last.errno, last.party)
    }

    /// Logs a fault of this host, once until it is over.
    func logFault(_ fault: HostFault, _ error: SystemError) {
        guard let member else { return }
        let upstream = group.members[member].upstream
        lane.reportShortage(fault, because: error, towards: upstream.recorded, label: group.label)
    }

    private func succeeded(_ socket: PeerSocket) {
        noteConnected(socket)
        if !socket.stream.kind.isDatagram {
            noteSuccess()
        } else if !unsent.isEmpty {
            awaitAnswer()
        }
        owner?.searchSucceeded(socket)
    }

    /// Handles an event of an attempt: connected, or failed.
    func attemptReady(_ socket: PeerSocket, _ readiness: Readiness) {
        guard isSearching, sockets.contains(socket) else { return }
        do throws(SystemError) {
            try socket.stream.finishConnecting(readiness)
            guard socket.stream.isConnected else { return }
            act(race.connected(socket.index))
        } catch {
            attemptFailed(socket, FaultParty(.connecting, errno: error.errno, over: socket.stream.kind), error.errno)
        }
    }

    /// Continues with the next address after an attempt failed.
    func attemptFailed(_ socket: PeerSocket, _ party: FaultParty, _ errno: CInt) {
        sockets.take(index: socket.index)?.close(on: lane)
        act(race.attemptFailed(socket.index, errno: errno, party: party))
        if isSearching { owner?.searchDeadlineChanged() }
    }

    // MARK: - State of the member

    /// Reports to the member's health that it accepted the connection.
    func noteSuccess() {
        guard purpose != .check, let upstream = member.map({ group.members[$0].upstream }) else { return }
        let change = upstream.connectSucceeded(startedAt: begun, at: lane.now)
        if let change { group.logChange(change, of: upstream, on: lane) }
    }

    /// Records why the member was not reached without counting a failure against it.
    private func noteHostFault(_ reason: String) {
        isHostToBlame = true
        guard let member else { return }
        failures.append("\(group.members[member].upstream.endpoint): \(reason)")
    }

    private func note(_ failed: [ConnectRace.Failure]) {
        guard let member else { return }
        failures += words(for: failed)
        // A fault of the peer counts, whatever this host lacked for other addresses.
        guard let failure = failed.last(where: { $0.party == .peer }) ?? failed.last else { return }
        blame(group.members[member].upstream, errno: failure.errno, failure.party)
    }

    private func words(for failures: [ConnectRace.Failure]) -> [String] {
        guard let member else { return [] }
        let kind = group.members[member].upstream.kind
        return failures.map {
            let address = RecordedAddress(kind, addresses[$0.index])
            return "\(address): \(UpstreamFailure.words(for: $0.errno, kind: kind, $0.party))"
        }
    }

    /// Counts a failure against the upstream if the fault is the peer's; logs a fault of this host.
    private func blame(
        _ upstream: Upstream, errno: CInt, _ party: FaultParty
    ) {
        switch party {
        case .host(let fault):
            hostErrno = errno
            isHostToBlame = true
            logFault(fault, SystemError("connect", errno: errno))
        case .peer, .datagram, .usher, .pending:
            upstreamErrno = errno
            if purpose == .check { return }
            upstream.countFailure(on: lane)
            // The refusal is about a datagram sent just now, not about the start of the flow.
            let start = upstream.kind.isDatagram ? lane.now : begun
            let change = upstream.connectFailed(startedAt: start, at: lane.now, errno: errno)
            if let change { group.logChange(change, of: upstream, on: lane) }
        }
    }

    // MARK: - Deadlines

    /// Handles the end of the time for this member.
    func timedOut() {
        switch wait {
        case .resources(let shortage) where sockets.isEmpty && shortage.party != .peer:
            // This host lacked the resources for an attempt, so nothing is known about the upstream.
            if let member {
                let kind = group.members[member].upstream.kind
                let words = UpstreamFailure.words(for: shortage.errno, kind: kind, shortage.party)
                failures.append("\(group.members[member].upstream.endpoint): \(words)")
            }
            owner?.searchFailed(.error, by: .daemon, errno: shortage.errno)
        case .resources(let shortage) where sockets.isEmpty:
            guard let index = shortage.index else { return act(race.timedOut(errno: ETIMEDOUT)) }
            act(race.attemptFailed(index, errno: shortage.errno, party: shortage.party))
        case .addresses:
            noteHostFault(lookupFailure ?? "its name was not resolved in time")
            wait(for: .sockets)
            if nextMember() { act(beginRace()) }
        case .resources(let shortage):
            if let index = shortage.index {
                race.abandonAttempt(index, errno: shortage.errno, party: shortage.party)
            }
            act(race.timedOut(errno: ETIMEDOUT))
        case .sockets, .client, .place:
            act(race.timedOut(errno: ETIMEDOUT))
        }
    }
}
