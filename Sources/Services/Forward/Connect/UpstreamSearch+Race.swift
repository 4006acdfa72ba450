// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

/// One member: its addresses, and the race between them.
extension UpstreamSearch {
    /// Begins to connect to the member, once its addresses are known.
    func beginRace() -> ConnectRace.Action {
        while let owner, let member {
            let upstream = group.members[member].upstream
            switch upstream.addresses(for: group, on: lane, waiter: Waiter(owner, on: lane)) {
            case .addresses(let found):
                wait(for: .sockets)
                addresses = inOrder(found, of: upstream)
                if !found.isEmpty {
                    race = ConnectRace(addresses)
                    return race.start()
                }
                noteWithoutBlame("has no address that can be reached from the source")
                guard nextMember() else { return .none }
            case .pending:
                wait(for: .addresses)
                nextStart = .max
                return .none
            case .failed(let reason):
                // The name service may have an answer before the time is over.
                guard leaveUnresolved(reason) else { return .none }
            }
        }
        return .none
    }

    /// The name of the member does not resolve now: goes over to another member, or waits for the name.
    ///
    /// - Returns: whether there is another one.
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

    /// Addresses in the order in which they are tried. Of datagrams, what earlier flows met says which is the first.
    private func inOrder(_ found: [SocketAddress], of upstream: Upstream) -> [SocketAddress] {
        guard found.count > 1, upstream.kind.isDatagram else { return found }
        return ConnectRace.order(of: upstream.withPreference { $0.order(found) })
    }

    /// Does what the race says, until there is something to wait for.
    ///
    /// - Parameter beforeFirstBytes: whether the owner looks at the client for the first time after this.
    func act(_ first: ConnectRace.Action, beforeFirstBytes: Bool = false) {
        var action = first
        while isSearching {
            switch action {
            case .none:
                return
            case .connect(let index, let delay):
                nextStart = delay == nil ? .max : lane.now + startDelay()
                if beforeFirstBytes, addresses.count == 1, owner?.takesFirstBytesAlong(to: addresses[index]) == true {
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
                        // The whole race again: addresses may have got ports meanwhile.
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

    /// After how many nanoseconds the next address is tried.
    private func startDelay() -> UInt64 {
        ConnectRace.delay(of: addresses.count, within: timeout)
    }

    /// Makes a socket for one of the addresses of the member, and begins to connect it; nil without a member.
    ///
    /// - Parameter hasData: whether the first bytes are at hand.
    func makeSocket(to index: Int, hasData: Bool = false) throws(SystemError) -> PeerSocket? {
        guard let owner, let member else { return nil }
        return try PeerSocket(
            connectingTo: addresses[index], index: index, of: group.members[member].upstream,
            from: group.settings.source, timers: group.members[member].timers, owner: owner, on: lane,
            hasData: hasData)
    }

    /// Makes a socket and begins to connect it.
    func open(_ index: Int) -> ConnectRace.Action {
        if case .resources(let shortage) = wait, let other = shortage.index, other != index {
            // This one takes its place as the one that is retried.
            race.postpone(other)
            if nextStart == .max { nextStart = lane.now + startDelay() }
        }
        wait(for: .sockets)
        do throws(SystemError) {
            guard let socket = try makeSocket(to: index) else { return .none }
            // What is connected needs no event to say so. Of datagrams, events tell of answers.
            if socket.stream.kind.isDatagram, purpose == .flow {
                try socket.watchLevelTriggered(on: lane)
            } else if !socket.stream.isConnected || socket.stream.kind.isDatagram {
                try socket.watch(on: lane)
            }
            sockets.append(socket)
            guard socket.stream.isConnected, try isThere(socket) else { return .none }
            return race.connected(index)
        } catch {
            sockets.take(index: index)?.close(on: lane)
            return failed(index, error)
        }
    }

    /// Whether an upstream whose socket is connected is there, as far as the purpose of the search goes. Nothing but an answer
    /// shows it to a check of datagrams, which asks all addresses, one after the other.
    private func isThere(_ socket: PeerSocket) throws(SystemError) -> Bool {
        guard purpose == .check, let owner else { return true }
        return try owner.isThere(socket)
    }

    /// An attempt could not be begun, or has failed: tries again where something is used up at the moment.
    func failed(_ index: Int, _ error: SystemError) -> ConnectRace.Action {
        guard let member else { return .none }
        let party = FaultParty(error, over: group.members[member].upstream.kind)
        switch party {
        case .host(.descriptors) where lane.pipes.closeResting():
            return open(index)
        case .host(let fault) where fault.isShortage && !fault.isOfPeer:
            // Another address or upstream would lack it too.
            tell(fault, error)
            waitForResources(error.errno, party, index: index)
            return .none
        case .peer where error.errno == EAGAIN:
            // The backlog of a Unix socket is full: connect(2).
            waitForResources(error.errno, party, index: index)
            return .none
        case .usher:
            OwnBug.end(because: error)
        case .peer, .host, .datagram, .pending:
            return race.attemptFailed(index, errno: error.errno, party: party)
        }
    }

    /// What was used up, if a race has failed for that and for nothing that the upstream is to blame for.
    private func shortage(
        _ failures: [ConnectRace.Failure]
    ) -> (errno: CInt, party: FaultParty)? {
        guard failures.allSatisfy({ $0.party != .peer }),
            let last = failures.last(where: { $0.party.hostFault?.isShortage ?? false }),
            let fault = last.party.hostFault
        else { return nil }
        tell(fault, SystemError("connect", errno: last.errno))
        return (last.errno, last.party)
    }

    /// Tells, once, that this host lacks something.
    func tell(_ fault: HostFault, _ error: SystemError) {
        guard let member else { return }
        let upstream = group.members[member].upstream
        lane.lacks(fault, because: error, towards: upstream.recorded, label: group.label)
    }

    private func succeeded(_ socket: PeerSocket) {
        noteConnected(socket)
        silence.wasRefused = false
        if !socket.stream.kind.isDatagram {
            noteSuccess()
        } else if !unsent.isEmpty {
            awaitAnswer()
        }
        owner?.searchSucceeded(socket)
    }

    /// An attempt is connected, or has failed.
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

    /// An attempt has failed: goes on with the next address.
    func attemptFailed(_ socket: PeerSocket, _ party: FaultParty, _ errno: CInt) {
        sockets.take(index: socket.index)?.close(on: lane)
        act(race.attemptFailed(socket.index, errno: errno, party: party))
        if isSearching { owner?.searchDeadlineChanged() }
    }

    // MARK: - What is known of the member

    /// The member has taken the connection.
    func noteSuccess() {
        guard purpose != .check, let upstream = member.map({ group.members[$0].upstream }) else { return }
        let change = upstream.connectSucceeded(startedAt: begun, at: lane.now)
        if let change { group.tell(change, of: upstream, on: lane) }
    }

    /// Notes why the member was not reached, which is no fault of its own.
    private func noteWithoutBlame(_ reason: String) {
        isHostToBlame = true
        guard let member else { return }
        failures.append("\(group.members[member].upstream.endpoint): \(reason)")
    }

    private func note(_ failed: [ConnectRace.Failure]) {
        guard let member else { return }
        failures += words(for: failed)
        // One that was at fault itself counts, whatever this host lacked for the others.
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

    /// Counts a failure against the upstream that is to blame for it, or tells what this host lacks.
    private func blame(
        _ upstream: Upstream, errno: CInt, _ party: FaultParty
    ) {
        switch party {
        case .host(let fault):
            hostErrno = errno
            isHostToBlame = true
            tell(fault, SystemError("connect", errno: errno))
        case .peer, .datagram, .usher, .pending:
            upstreamErrno = errno
            if purpose == .check { return }
            upstream.countFailure(on: lane)
            // A datagram is refused now, whenever its flow began.
            let start = upstream.kind.isDatagram ? lane.now : begun
            let change = upstream.connectFailed(startedAt: start, at: lane.now, errno: errno)
            if let change { group.tell(change, of: upstream, on: lane) }
        }
    }

    // MARK: - Time

    /// The time for this member is over.
    func timedOut() {
        switch wait {
        case .resources(let shortage) where sockets.isEmpty && shortage.party != .peer:
            // Nothing is known of the upstream: it is this host that has no room.
            if let member {
                let kind = group.members[member].upstream.kind
                let words = UpstreamFailure.words(for: shortage.errno, kind: kind, shortage.party)
                failures.append("\(group.members[member].upstream.endpoint): \(words)")
            }
            owner?.searchFailed(.error, by: .daemon, errno: shortage.errno)
        case .resources(let shortage) where sockets.isEmpty:
            guard let index = shortage.index else { return act(race.timedOut()) }
            act(race.attemptFailed(index, errno: shortage.errno, party: shortage.party))
        case .addresses:
            noteWithoutBlame(lookupFailure ?? "its name was not resolved in time")
            wait(for: .sockets)
            if nextMember() { act(beginRace()) }
        case .resources(let shortage):
            if let index = shortage.index {
                race.gaveUp(index, errno: shortage.errno, party: shortage.party)
            }
            act(race.timedOut())
        case .sockets, .client, .room:
            act(race.timedOut())
        }
    }
}
