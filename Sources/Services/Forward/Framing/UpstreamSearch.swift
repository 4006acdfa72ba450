// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

/// The upstream of a connection or flow that frames messages, and the search for it, as ``UpstreamConnector`` says. A
/// socket for datagrams stands at once; if its upstream turns out to refuse them, ``refused(errno:)`` goes on with its next
/// address, or the next upstream. An address that does not answer is left for the next one too.
///
/// Concurrency: belongs to the lane of its connection or flow. It has deadlines of its own, so it has a place in the lane's
/// table while it waits for something.
final class UpstreamSearch<Seeker: UpstreamSeeker>: Pollable, PeerSocketOwner {
    let lane: Lane
    var group: UpstreamGroup
    var member: Int?

    /// Whether it lines up where all members are busy. A flow does not, for whoever sent a datagram asks again.
    private let mayWait: Bool

    private var seeker: Seeker?
    private var state: Connecting?

    /// The socket that stands.
    private var standing: PeerSocket?
    private var connectTime: UInt64 = 0
    private var hasAnswered = false
    private var wasRefused = false

    /// When an address that has not answered is left, the first that was, and how many messages that one was sent.
    private var silenceDeadline = UInt64.max
    private var firstSilent: (address: SocketAddress, sent: Int)?

    /// How many of the messages that are kept the address that stands was sent before.
    private(set) var alreadySent = 0

    /// A search that has not begun.
    init(in group: UpstreamGroup, on lane: Lane, mayWait: Bool) {
        self.group = group
        self.lane = lane
        self.mayWait = mayWait
        super.init()
    }

    /// What records say of it.
    var trace: UpstreamTrace {
        UpstreamTrace(
            upstream: standing.map { RecordedAddress($0.stream.kind, $0.address) },
            connectMicroseconds: connectTime / 1000,
            queueMicroseconds: (state?.queueTime(at: lane.now) ?? 0) / 1000, attempts: state?.attempts ?? 0,
            failures: state?.failures ?? [])
    }

    /// Whether this upstream is the one that stands.
    func isConnected(to upstream: Upstream) -> Bool {
        standing != nil && member.map { group.members[$0].upstream === upstream } ?? false
    }

    // MARK: - What its owner says

    /// Chooses the first member to try, or lines up for one.
    ///
    /// - Returns: why the client cannot be served.
    func admit(_ seeker: Seeker) -> Refusal? {
        self.seeker = seeker
        let source = Balancer.sourceHash(of: seeker.identity.peer, uid: seeker.identity.credentials?.uid)
        let state = Connecting(ticket: group.makeTicket(), source: source)
        self.state = state
        lane.enroll(self)
        return findMember(state)
    }

    /// Begins to connect to the member; who waits in the line is called.
    func begin() {
        if member != nil { goOn() }
        setDeadline()
    }

    /// The upstream has answered: of one that takes datagrams, nothing but this shows that it is there.
    func answered() {
        guard !hasAnswered, let state, let standing, standing.stream.kind.isDatagram else { return }
        hasAnswered = true
        silenceDeadline = .max
        if state.addresses.count > 1 || firstSilent != nil {
            memberPreference { $0.answered(standing.address) }
        }
        noteSuccess(state)
    }

    /// The upstream was sent a message: from now on an answer is awaited, if there is another address to go to where none
    /// comes.
    func sent() {
        guard !hasAnswered, silenceDeadline == .max, let state, let standing, standing.stream.kind.isDatagram,
            state.race.hasNext || firstSilent != nil
        else { return }
        var leavesSilent = false
        memberPreference { leavesSilent = $0.leavesSilent }
        guard leavesSilent else { return }
        silenceDeadline = lane.now + Upstream.timeForAnswer
        if !isWatched { lane.enroll(self) }
        setDeadline()
    }

    /// The upstream that stands has refused what it was sent, or this host cannot send to it: goes on with its next address,
    /// or the next upstream.
    func refused(errno: CInt, _ party: FaultParty) {
        guard let state, let link = standing else { return }
        wasRefused = true
        memberPreference { $0.refused(link.address, among: state.addresses) }
        leave(link)
        if let firstSilent, !state.race.hasNext {
            goBack(to: firstSilent, state)
        } else {
            act(state.race.winnerFailed(errno: errno, party: party))
        }
        setDeadline()
    }

    /// The upstream that stands has not answered in time: goes on with its next address; after the last one, with the first
    /// that was silent.
    ///
    /// - Parameter count: how many messages it was sent.
    func leaveSilent(sent count: Int) {
        guard let state, let link = standing else { return }
        if firstSilent == nil { firstSilent = (link.address, count) }
        leave(link)
        if state.race.hasNext {
            act(state.race.winnerFailed(errno: ETIMEDOUT))
        } else if let firstSilent {
            goBack(to: firstSilent, state)
        }
        setDeadline()
    }

    private func leave(_ link: PeerSocket) {
        link.close(on: lane)
        standing = nil
        silenceDeadline = .max
        alreadySent = 0
        state?.deadline = lane.now + group.connectTimeout
        if !isWatched { lane.enroll(self) }
    }

    /// No address has answered: stays with the first that did not refuse.
    private func goBack(to first: (address: SocketAddress, sent: Int), _ state: Connecting) {
        memberPreference { $0.allSilent() }
        firstSilent = nil
        alreadySent = first.sent
        state.addresses = [first.address]
        state.race = ConnectRace(state.addresses)
        act(state.race.start())
    }

    /// Notes that the upstream that stands refuses what it is sent, or that this host cannot send to it. Its other addresses,
    /// if any, are for those to come.
    func noteRefusal(errno: CInt, _ party: FaultParty) {
        wasRefused = true
        guard let state, let standing else { return }
        if let fault = party.hostFault { return tell(fault, SystemError("send", errno: errno)) }
        guard state.addresses.count > 1 else { return note(refusal: errno, party, state) }
        memberPreference { $0.refused(standing.address, among: state.addresses) }
        let words = UpstreamFailure.words(for: errno, kind: standing.stream.kind, party)
        state.failures.append("\(RecordedAddress(standing.stream.kind, standing.address)): \(words)")
    }

    private func memberPreference(_ body: (inout AddressPreference) -> Void) {
        guard let member else { return }
        group.members[member].upstream.withPreference { body(&$0) }
    }

    /// Lets go of everything.
    func end() {
        // Of an upstream that never answers, nothing shows that it is there but that it has refused nothing for a while.
        if !wasRefused, let standing, Clock.span(from: standing.begun, to: lane.now) >= Upstream.timeForRefusal {
            answered()
        }
        if let state { abandon(state) }
        standing?.close(on: lane)
        lane.forget(self)
        if let member { group.leave(member) }
        member = nil
        seeker = nil
    }

    // MARK: - Events

    /// A socket has become ready: that of an attempt, or the one that stands.
    func peerReady(_ link: PeerSocket, _ readiness: Readiness) -> Turn {
        if link !== standing {
            attemptReady(link, readiness)
            guard link === standing else { return .done }
        }
        // The event that tells that it stands may tell of more, and nothing will tell of that again.
        return seeker?.upstreamReady(readiness) ?? .done
    }

    override func deadline(at now: UInt64) -> UInt64? {
        if silenceDeadline <= now {
            silenceDeadline = .max
            seeker?.upstreamIsSilent()
        }
        connectingDeadlineReached()
        return nextDeadline
    }

    private var nextDeadline: UInt64? {
        let next = min(connecting?.nextDeadline ?? .max, silenceDeadline)
        return next == .max ? nil : next
    }
}

extension UpstreamSearch: UpstreamConnector {
    var connecting: Connecting? { seeker != nil && standing == nil ? state : nil }

    var queueLimit: Int { mayWait ? group.settings.queueLimit : 0 }

    func connect(to index: Int, _ connecting: Connecting) throws(SystemError) -> Bool {
        guard let upstream = member.map({ group.members[$0].upstream }) else { return false }
        let address = connecting.addresses[index]
        let socket = try PeerSocket(
            connectingTo: address, index: index, of: upstream, from: group.settings.source,
            timers: member.map { group.members[$0].timers }, owner: self, on: lane)
        // EPOLLOUT from the start: datagrams that found no room wait for it.
        try socket.awaitWritable(on: lane)
        try socket.watch(on: lane)
        connecting.sockets.append(socket)
        return socket.stream.isConnected
    }

    func stands(_ link: PeerSocket, _ connecting: Connecting) {
        connecting.deadline = .max
        connecting.nextStart = .max
        standing = link
        wasRefused = false
        connectTime = Clock.span(from: link.begun, to: Clock.monotonic)
        lane.forget(self)
        if !link.stream.kind.isDatagram { noteSuccess(connecting) }
        // Frames go when they are there. What fails here fails the first write too.
        link.stream.sendAtOnce()
        seeker?.upstreamStands(link)
    }

    func giveUp(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        seeker?.searchFailed(reason, by: party, errno: errno)
    }

    func setDeadline() {
        if let nextDeadline { lane.schedule(self, at: nextDeadline) }
    }
}
