// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

/// Finding an upstream, an address of it, and another one.
extension DatagramRelay {
    func take(_ index: Int) {
        member = index
        tried.insert(index)
        attempts += 1
        lookupFailure = nil
        resolveDeadline = .max
        retryDeadline = .max
        shortage = nil
        pause = RetryPause()
    }

    /// Connects to the member that was chosen, or to the next one that can be.
    func reach() {
        while isOpen, let member {
            let upstream = group.members[member].upstream
            switch upstream.addresses(for: group, on: lane, waiter: Waiter(self, on: lane)) {
            // When the flow was admitted, the addresses of a name may not have been known.
            case .addresses(let found)
            where identity.kind != .can && identity.kind == upstream.kind && found.contains(identity.peer):
                failures.append("\(upstream.endpoint): the datagram claims to come from there")
                return close(.connectFailed, by: .client)
            case .addresses(let found) where !found.isEmpty:
                resolveDeadline = .max
                retryDeadline = .max
                let ordered = found.count > 1 ? upstream.withPreference { $0.order(found) } : found
                trial = AddressTrial(ordered)
                if follow(.connect(without: 0)) { return setDeadline() }
            case .addresses:
                noteWithoutBlame("has no address that can be reached from the source")
            case .pending:
                return awaitAddresses(retryingAt: .max)
            case .failed(let reason):
                // The name service may have an answer before the time is over.
                guard leaveUnresolved(reason) else {
                    return awaitAddresses(retryingAt: lane.now + KnownAddresses.retryTime)
                }
                continue
            }
            guard next() else { return }
        }
    }

    private func awaitAddresses(retryingAt time: UInt64) {
        if resolveDeadline == .max { resolveDeadline = lane.now + group.connectTimeout }
        retryDeadline = time
        setDeadline()
    }

    /// The name of the member does not resolve now: goes over to another member, or waits for the name.
    ///
    /// - Returns: whether there is another one.
    private func leaveUnresolved(_ reason: String) -> Bool {
        guard let current = member, attempts < group.settings.attempts,
            case .member(let index) = group.choose(ticket: ticket, source: source, tried: tried, at: lane.now)
        else {
            lookupFailure = reason
            return false
        }
        noteWithoutBlame(reason)
        group.leave(current)
        take(index)
        return true
    }

    /// The name of the member was not resolved in the time that there is for it.
    func resolveTimedOut() {
        noteWithoutBlame(lookupFailure ?? "its name was not resolved in time")
        resolveDeadline = .max
        retryDeadline = .max
        if next() { reach() }
    }

    /// Goes from address to address as the trial says, until there is a socket.
    ///
    /// - Returns: whether there is one, or the flow has gone on to another member or ended meanwhile; if not, it was noted
    ///   why.
    func follow(_ first: AddressTrial.Step) -> Bool {
        var step = first
        while let member, let address = trial?.address {
            let upstream = group.members[member].upstream
            switch step {
            case .connect(let count):
                do throws(SystemError) {
                    try connect(to: address, upstream, without: count)
                    return true
                } catch {
                    let party = FaultParty(error, over: upstream.kind)
                    switch party {
                    case .host(.descriptors) where lane.pipes.closeResting():
                        continue
                    case .host(let fault) where fault.isShortage && !fault.isOfPeer:
                        // Another address or upstream would lack it too.
                        awaitResources(error, party, of: upstream)
                        return true
                    case .usher:
                        OwnBug.end(because: error)
                    case .peer, .host, .datagram, .pending:
                        guard let next = trial?.refused(errno: error.errno, party: party) else { return false }
                        step = next
                    }
                }
            case .failed(let failures):
                if failures.allSatisfy({ $0.party != .peer }),
                    let last = failures.last(where: { $0.party.hostFault?.isShortage ?? false }),
                    attempts >= group.settings.attempts || !group.hasOther(than: tried, at: lane.now)
                {
                    awaitResources(SystemError("connect", errno: last.errno), last.party, of: upstream)
                    return true
                }
                note(failures, of: upstream)
                return false
            }
        }
        return false
    }

    /// Something is used up at the moment: tries again until it has taken `connect-timeout`. What comes is kept meanwhile.
    private func awaitResources(_ error: SystemError, _ party: FaultParty, of upstream: Upstream) {
        if let fault = party.hostFault {
            lane.lacks(fault, because: error, towards: upstream.recorded, label: group.label)
        }
        let end = shortage?.end ?? lane.now + group.connectTimeout
        shortage = (error, party, end)
        retryDeadline = lane.now + pause.take()
        setDeadline()
    }

    /// What is used up was not free again in time: the flow ends with that reason.
    func shortageTimedOut() {
        guard let shortage, let member else { return }
        let upstream = group.members[member].upstream
        let words = UpstreamFailure.words(for: shortage.error.errno, kind: upstream.kind, shortage.party)
        failures.append("\(upstream.endpoint): \(words)")
        close(.error, by: .daemon, errno: shortage.error.errno)
    }

    private func connect(to address: SocketAddress, _ upstream: Upstream, without count: Int) throws(SystemError) {
        let port = try PeerSocket(
            connectingTo: address, index: 0, of: upstream, from: group.settings.source, owner: self, on: lane)
        try port.watchLevelTriggered(on: lane)
        expected = 1
        knownDrops = 0
        self.upstream = port
        shortage = nil
        connectTime = Clock.span(from: port.begun, to: Clock.monotonic)
        joining = DatagramJoining(upstream.kind)
        sendHeld(without: count)
        // Its interface is up, and what was sent is on the bus: nobody has to answer, and no other bus is to have it too.
        if upstream.kind == .can, isOpen, self.upstream?.address == address { answered() }
    }

    /// Goes over to another member, or ends the flow.
    ///
    /// - Returns: whether there is one.
    func next() -> Bool {
        if let member { group.leave(member) }
        member = nil
        closePort()
        trial = nil
        if attempts < group.settings.attempts,
            case .member(let index) = group.choose(ticket: ticket, source: source, tried: tried, at: lane.now)
        {
            take(index)
            return true
        }
        if upstreamHasFailed || !isHostToBlame {
            close(.connectFailed, by: .upstream)
        } else if hostErrno != 0 {
            close(.error, by: .daemon, errno: hostErrno)
        } else {
            close(.connectFailed, by: .daemon)
        }
        return false
    }

    private func closePort() {
        upstream?.close(on: lane)
        upstream = nil
        silenceDeadline = .max
    }

    // MARK: - An address that is left

    /// The upstream has refused a datagram before it has answered any: another address gets what was kept, or another
    /// upstream.
    func leaveRefused(errno: CInt, _ party: FaultParty) {
        forgetPreference()
        closePort()
        guard let step = trial?.refused(errno: errno, party: party) else { return }
        if !follow(step), next() { reach() }
        if isOpen { setDeadline() }
    }

    /// From now on an answer is awaited, if there is another address to go to where none comes.
    func awaitAnswer() {
        guard silenceDeadline == .max, upstream != nil, let trial, trial.mayLeaveSilent, let member,
            group.members[member].upstream.withPreference({ $0.leavesSilent })
        else { return }
        silenceDeadline = lane.now + Upstream.timeForAnswer
        setDeadline()
    }

    /// No answer has come in time: another address gets what was kept.
    func leaveSilent() {
        silenceDeadline = .max
        guard !hasAnswered, holdsAll, upstream != nil, let step = trial?.wasSilent(sent: held.count) else { return }
        closePort()
        if trial?.wasInVain == true, let member {
            group.members[member].upstream.withPreference { $0.allSilent() }
        }
        if !follow(step), next() { reach() }
    }

    /// The flows to come begin with another address than the one that refuses.
    func forgetPreference() {
        guard let trial, trial.addresses.count > 1, let member, let address = upstream?.address else { return }
        group.members[member].upstream.withPreference { $0.refused(address, among: trial.addresses) }
    }

    /// The flows to come begin with the address that has answered.
    func notePreference() {
        silenceDeadline = .max
        guard let trial, trial.addresses.count > 1, let member, let address = upstream?.address else { return }
        group.members[member].upstream.withPreference { $0.answered(address) }
    }

    // MARK: - Why

    private func note(_ failures: [AddressTrial.Failure], of upstream: Upstream) {
        for failure in failures {
            let place =
                trial?.addresses.count == 1
                ? upstream.endpoint.description : RecordedAddress(upstream.kind, failure.address).description
            let words = UpstreamFailure.words(for: failure.errno, kind: upstream.kind, failure.party)
            self.failures.append("\(place): \(words)")
        }
        // One that was at fault itself counts, whatever this host lacked for the others.
        guard let failure = failures.last(where: { $0.party == .peer }) ?? failures.last else { return }
        blame(upstream, errno: failure.errno, failure.party)
    }

    /// Notes why the upstream ends the flow.
    func note(_ reason: String, errno: CInt) {
        guard let member else { return }
        let upstream = group.members[member].upstream
        failures.append("\(upstream.endpoint): \(reason)")
        blame(upstream, errno: errno, .peer)
    }

    /// Notes why the member was not reached, which is no fault of its own.
    private func noteWithoutBlame(_ reason: String) {
        guard let member else { return }
        failures.append("\(group.members[member].upstream.endpoint): \(reason)")
        isHostToBlame = true
    }

    /// Counts a failure against the upstream that is to blame for it, or tells what this host lacks.
    private func blame(_ upstream: Upstream, errno: CInt, _ party: FaultParty) {
        if let fault = party.hostFault {
            isHostToBlame = true
            hostErrno = errno
            let error = SystemError("connect", errno: errno)
            return lane.lacks(fault, because: error, towards: upstream.recorded, label: group.label)
        }
        upstreamHasFailed = true
        let change = upstream.connectFailed(startedAt: lane.now, at: lane.now, errno: errno)
        if let change { group.tell(change, of: upstream, on: lane) }
    }
}

extension DatagramRelay: Waiting {
    /// The addresses that were asked for may be there.
    func resume() {
        guard isOpen, upstream == nil else { return }
        reach()
    }
}
