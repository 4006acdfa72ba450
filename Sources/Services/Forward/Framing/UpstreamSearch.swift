// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Records

/// The upstream of a connection or flow that frames messages, and the search for it, as ``UpstreamConnector`` says. A
/// socket for datagrams stands at once; if its upstream turns out to refuse them, ``refused(errno:)`` goes on with the next.
///
/// Concurrency: belongs to the lane of its connection or flow. It has deadlines of its own, so it has a place in the lane's
/// table while it waits for something.
final class UpstreamSearch<Seeker: UpstreamSeeker>: Pollable {
    typealias Link = UpstreamLink<Seeker>

    let lane: Lane
    var group: UpstreamGroup
    var member: Int?

    /// Whether it lines up where all members are busy. A flow does not, for whoever sent a datagram asks again.
    private let mayWait: Bool

    private var seeker: Seeker?
    private var state: Connecting<Link>?

    /// The socket that stands.
    private var standing: Link?
    private var connectTime: UInt64 = 0
    private var hasAnswered = false
    private var wasRefused = false

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
            upstream: standing.map { RecordedAddress($0.kind, $0.address) }, connectMicroseconds: connectTime / 1000,
            attempts: state?.attempts ?? 0, failures: state?.failures ?? [])
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
        let source = Balancer.sourceHash(of: seeker.peer, uid: seeker.credentials?.uid)
        let state = Connecting<Link>(ticket: group.makeTicket(), source: source)
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
        guard !hasAnswered, let state, let standing, standing.kind.isDatagram else { return }
        hasAnswered = true
        noteSuccess(state)
    }

    /// The upstream that stands has refused what it was sent: goes on with the next one.
    func refused(errno: CInt) {
        noteRefusal(errno: errno)
        guard let state else { return }
        standing?.close(on: lane)
        standing = nil
        if !isWatched { lane.enroll(self) }
        if nextMember(state) { goOn() }
        setDeadline()
    }

    /// Notes that the upstream that stands refuses what it is sent.
    func noteRefusal(errno: CInt) {
        wasRefused = true
        guard let state else { return }
        note("\(SystemError.reason(of: errno)) (\(SystemError.symbol(of: errno)))", state, errno: errno)
    }

    /// Lets go of everything.
    func end() {
        // Of an upstream that never answers, nothing shows that it is there but that it has refused nothing for a while.
        if !wasRefused, let standing, lane.now &- min(standing.begun, lane.now) >= Upstream.timeForRefusal {
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
    func linkReady(_ link: Link, _ readiness: Readiness) -> Turn {
        if link !== standing {
            attemptReady(link, readiness)
            guard link === standing else { return .done }
        }
        // The event that tells that it stands may tell of more, and nothing will tell of that again.
        return seeker?.upstreamReady(readiness) ?? .done
    }

    override func deadline(at now: UInt64) -> UInt64? {
        connectingDeadlineReached()
        return nextDeadline
    }

    private var nextDeadline: UInt64? {
        guard let next = connecting?.nextDeadline, next != .max else { return nil }
        return next
    }
}

extension UpstreamSearch: UpstreamConnector {
    var connecting: Connecting<Link>? { seeker != nil && standing == nil ? state : nil }

    var queueLimit: Int { mayWait ? group.settings.queueLimit : 0 }

    func connect(to index: Int, _ connecting: Connecting<Link>) throws(SystemError) -> Bool {
        guard let upstream = member.map({ group.members[$0].upstream }) else { return false }
        let address = connecting.addresses[index]
        let descriptor = try OutgoingSocket.make(
            upstream.kind, for: address, from: group.settings.source, filters: upstream.endpoint.options.filters)
        let link = Link(descriptor, upstream.kind, to: address, index: index, for: self)
        let stands = try OutgoingSocket.connect(link.raw, to: address)
        try lane.watch(link, link.raw)
        connecting.sockets.append(link)
        return stands
    }

    func stands(_ link: Link, _ connecting: Connecting<Link>) {
        connecting.deadline = .max
        connecting.nextStart = .max
        standing = link
        wasRefused = false
        connectTime = Clock.monotonic &- link.begun
        lane.forget(self)
        if !link.kind.isDatagram { noteSuccess(connecting) }
        // Frames go when they are there. What fails here fails the first write too.
        if link.kind == .tcp { try? OutgoingSocket.sendAtOnce(link.raw) }
        seeker?.upstreamStands(link)
    }

    func giveUp(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        seeker?.searchFailed(reason, by: party, errno: errno)
    }

    func setDeadline() {
        if let nextDeadline { lane.schedule(self, at: nextDeadline) }
    }
}
