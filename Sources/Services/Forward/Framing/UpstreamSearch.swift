// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

/// Finds an upstream for one connection or flow, and connects to it: chooses a member of the group, waits for room where
/// all are busy, asks for the addresses of a name, and tries them as ``ConnectRace`` says. Who fails is noted, and the next
/// member is tried. A socket for datagrams stands at once; if its upstream turns out to refuse them, ``refused(errno:)``
/// goes on with the next.
///
/// Concurrency: belongs to the lane of its connection or flow. It has deadlines of its own, so it has a place in the lane's
/// table while it waits for something.
final class UpstreamSearch<Seeker: UpstreamSeeker>: Pollable {
    /// What the search waits for.
    private enum Wait {
        /// Nothing, or sockets that are on their way.
        case sockets
        /// The addresses of the member.
        case addresses
        /// Room at a member, with this number in the line.
        case room(UInt64)
    }

    /// What became of the search for a member.
    private enum Found {
        /// There is one, which counts the connection now.
        case member
        /// It waits in the line.
        case waits
        /// It would have to wait, and may not.
        case lineIsFull
        /// There is none.
        case nobody
    }

    private let group: UpstreamGroup
    private let lane: Lane
    private let ticket: UInt64

    /// How many may wait in the line, this one included; a flow does not wait, for whoever sent a datagram asks again.
    private let queueLimit: Int

    private var seeker: Seeker?

    /// Where the client comes from.
    private var source: UInt64 = 0

    /// The member of the group that counts the connection.
    private var member: Int?
    private var tried = MemberSet()
    private(set) var attempts = 0
    private(set) var failures: [String] = []

    private var wait = Wait.sockets
    private var addresses: [SocketAddress] = []
    private var race = ConnectRace([])
    private var links: [UpstreamLink<Seeker>] = []

    /// The socket that stands.
    private var standing: UpstreamLink<Seeker>?
    private var connectTime: UInt64 = 0
    private var hasAnswered = false
    private var wasRefused = false

    /// When the attempt at the member began, when it has failed, when the next address may be tried, and until when to wait
    /// for room.
    private var begun: UInt64 = 0
    private var connectDeadline = UInt64.max
    private var nextStart = UInt64.max
    private var roomDeadline = UInt64.max

    /// A search that has not begun.
    ///
    /// - Parameter mayWait: whether it lines up where all members are busy.
    init(in group: UpstreamGroup, on lane: Lane, mayWait: Bool) {
        self.group = group
        self.lane = lane
        ticket = group.makeTicket()
        queueLimit = mayWait ? group.settings.queueLimit : 0
        super.init()
    }

    /// What records say of it.
    var trace: UpstreamTrace {
        UpstreamTrace(
            upstream: standing.map { RecordedAddress($0.kind, $0.address) }, connectMicroseconds: connectTime / 1000,
            attempts: attempts, failures: failures)
    }

    /// Whether this upstream is the one that stands.
    func isConnected(to upstream: Upstream) -> Bool { standing != nil && self.upstream === upstream }

    private var upstream: Upstream? { member.map { group.members[$0].upstream } }

    // MARK: - What its owner says

    /// Chooses the first member to try, or lines up for one.
    ///
    /// - Returns: why the client cannot be served.
    func admit(_ seeker: Seeker) -> Refusal? {
        self.seeker = seeker
        source = Balancer.sourceHash(of: seeker.peer, uid: seeker.credentials?.uid)
        lane.enroll(self)
        switch choose() {
        case .member, .waits: return nil
        case .lineIsFull: return .queueLimit(queueLimit)
        case .nobody: return .upstreamsDown
        }
    }

    /// Begins to connect to the member; who waits in the line is called.
    func begin() {
        if member != nil { act(beginRace()) }
        setDeadline()
    }

    /// The upstream has answered: of one that takes datagrams, nothing but this shows that it is there.
    func answered() {
        guard !hasAnswered, let upstream, let standing, standing.kind.isDatagram else { return }
        hasAnswered = true
        if let change = upstream.connectSucceeded(startedAt: begun, at: lane.now) {
            group.tell(change, of: upstream, on: lane)
        }
    }

    /// The upstream that stands has refused what it was sent: goes on with the next one.
    func refused(errno: CInt) {
        noteRefusal(errno: errno)
        standing?.close(on: lane)
        standing = nil
        if !isWatched { lane.enroll(self) }
        if nextMember() { act(beginRace()) }
        setDeadline()
    }

    /// Notes that the upstream that stands refuses what it is sent.
    func noteRefusal(errno: CInt) {
        wasRefused = true
        note("\(SystemError.reason(of: errno)) (\(SystemError.symbol(of: errno)))", errno: errno)
    }

    /// Lets go of everything.
    func end() {
        // Of an upstream that never answers, nothing shows that it is there but that it has refused nothing for a while.
        if !wasRefused, let standing, lane.now &- min(standing.begun, lane.now) >= Upstream.timeForRefusal {
            answered()
        }
        abandon()
        standing?.close(on: lane)
        lane.forget(self)
        if let member { group.leave(member) }
        member = nil
        seeker = nil
    }

    // MARK: - A member

    /// Looks for a member, or lines up; who was in the line already keeps its place.
    private func choose() -> Found {
        var place: UInt64?
        if case .room(let number) = wait { place = number }
        let wasCalled = !leaveLine()
        var found = look()
        guard found == .waits else {
            // The room that it was called for goes to the next one.
            if found == .nobody, wasCalled { group.line.serve() }
            return found
        }
        guard let number = group.line.enter(Waiter(self, on: lane), limit: queueLimit, again: place) else {
            return .lineIsFull
        }
        wait = .room(number)
        roomDeadline = min(roomDeadline, lane.now + group.queueTimeout)
        // Room may have come since it was looked for, and before there was anybody to be told.
        found = look()
        if found != .waits {
            if !leaveLine() { group.line.serve() }
        } else if wasCalled {
            group.line.serve(behind: number)
        }
        return found
    }

    private func look() -> Found {
        switch group.choose(ticket: ticket, source: source, tried: tried, at: lane.now) {
        case .allBusy: return .waits
        case .noneAvailable: return .nobody
        case .member(let index):
            member = index
            tried.insert(index)
            attempts += 1
            roomDeadline = .max
            begun = Clock.monotonic
            connectDeadline = begun + group.connectTimeout
            return .member
        }
    }

    /// - Returns: whether it was in no line, or still in it; if not, it was called, and somebody else may come instead.
    private func leaveLine() -> Bool {
        guard case .room(let number) = wait else { return true }
        wait = .sockets
        return group.line.leave(number)
    }

    /// Goes over to another member, or gives up.
    ///
    /// - Returns: whether there is one to connect to now.
    private func nextMember() -> Bool {
        if let member { group.leave(member) }
        member = nil
        connectDeadline = .max
        nextStart = .max
        guard attempts < group.settings.attempts else {
            seeker?.searchFailed(.connectFailed, by: .upstream)
            return false
        }
        switch choose() {
        case .member: return true
        case .waits: return false
        case .lineIsFull, .nobody:
            seeker?.searchFailed(.connectFailed, by: .upstream)
            return false
        }
    }

    /// Notes why the member was not reached.
    private func note(_ reason: String, errno: CInt) {
        guard let upstream else { return }
        failures.append("\(upstream.endpoint): \(reason)")
        blame(upstream, errno: errno)
    }

    private func blame(_ upstream: Upstream, errno: CInt) {
        switch errno {
        // It is this host that has no room.
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return
        default: break
        }
        let change = upstream.connectFailed(startedAt: begun, at: lane.now, errno: errno)
        if let change { group.tell(change, of: upstream, on: lane) }
    }

    // MARK: - Its addresses

    private func beginRace() -> ConnectRace.Action {
        while let upstream {
            switch addresses(of: upstream) {
            case .addresses(let found):
                wait = .sockets
                addresses = group.settings.source.map { source in found.filter(source.canReach) } ?? found
                if !addresses.isEmpty {
                    race = ConnectRace(addresses)
                    return race.start()
                }
                note("has no address that can be reached from the source", errno: 0)
            case .pending:
                wait = .addresses
                return .none
            case .failed(let reason):
                note("does not resolve: \(reason)", errno: 0)
            }
            guard nextMember() else { return .none }
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
    private func act(_ first: ConnectRace.Action) {
        var action = first
        while seeker != nil, standing == nil {
            switch action {
            case .none:
                return
            case .connect(let index, let delay):
                nextStart = delay.map { lane.now + $0 } ?? .max
                action = open(index)
            case .won(let index):
                return stands(index)
            case .failed(let attempts):
                abandon()
                noteFailures(attempts)
                guard nextMember() else { return }
                action = beginRace()
            }
        }
    }

    /// Makes a socket and begins to connect it.
    private func open(_ index: Int) -> ConnectRace.Action {
        guard let upstream else { return .none }
        let address = addresses[index]
        do throws(SystemError) {
            let descriptor = try OutgoingSocket.make(
                upstream.kind, for: address, from: group.settings.source, filters: upstream.endpoint.options.filters)
            let link = UpstreamLink<Seeker>(descriptor, upstream.kind, to: address, index: index, for: self)
            let stands = try OutgoingSocket.connect(link.raw, to: address)
            try lane.watch(link, link.raw)
            links.append(link)
            return stands ? race.connected(index) : .none
        } catch {
            switch error.errno {
            case EMFILE where lane.pipes.closeResting(), ENFILE where lane.pipes.closeResting(): return open(index)
            default: return race.attemptFailed(index, errno: error.errno)
            }
        }
    }

    /// A socket has become ready: that of an attempt, or the one that stands.
    func linkReady(_ link: UpstreamLink<Seeker>, _ readiness: Readiness) -> Turn {
        if link !== standing {
            attemptReady(link, readiness)
            guard link === standing else { return .done }
        }
        // The event that tells that it stands may tell of more, and nothing will tell of that again.
        return seeker?.upstreamReady(readiness) ?? .done
    }

    private func attemptReady(_ link: UpstreamLink<Seeker>, _ readiness: Readiness) {
        do throws(SystemError) {
            // What has gone wrong is announced, so who is only writable stands.
            if !readiness.isDisjoint(with: [.error, .hangUp]) { try OutgoingSocket.finish(link.raw) }
            guard readiness.contains(.writable) else { return }
            act(race.connected(link.index))
        } catch {
            links.removeAll { $0 === link }
            link.close(on: lane)
            act(race.attemptFailed(link.index, errno: error.errno))
        }
        setDeadline()
    }

    /// This one stands; the others are closed.
    private func stands(_ index: Int) {
        guard let upstream, let position = links.firstIndex(where: { $0.index == index }) else { return }
        let link = links.remove(at: position)
        abandon()
        connectDeadline = .max
        nextStart = .max
        standing = link
        wasRefused = false
        connectTime = Clock.monotonic &- link.begun
        lane.forget(self)
        if !link.kind.isDatagram, let change = upstream.connectSucceeded(startedAt: begun, at: lane.now) {
            group.tell(change, of: upstream, on: lane)
        }
        // Frames go when they are there. What fails here fails the first write too.
        if link.kind == .tcp { try? OutgoingSocket.sendAtOnce(link.raw) }
        seeker?.upstreamStands(link)
    }

    private func noteFailures(_ attempts: [ConnectRace.Failure]) {
        guard let upstream else { return }
        for failure in attempts {
            let address = RecordedAddress(upstream.kind, addresses[failure.index])
            let reason = SystemError("connect", errno: failure.errno)
            failures.append("\(address): \(reason.reason) (\(reason.symbol))")
        }
        if let errno = attempts.last?.errno { blame(upstream, errno: errno) }
    }

    /// Closes the attempts, and leaves the line.
    private func abandon() {
        if !leaveLine() { group.line.serve() }
        for link in links { link.close(on: lane) }
        links = []
    }

    // MARK: - Time

    private var nextDeadline: UInt64? {
        guard standing == nil else { return nil }
        let next = min(connectDeadline, nextStart, roomDeadline)
        return next == .max ? nil : next
    }

    private func setDeadline() {
        if let nextDeadline { lane.schedule(self, at: nextDeadline) }
    }

    override func deadline(at now: UInt64) -> UInt64? {
        if roomDeadline <= now {
            roomDeadline = .max
            seeker?.searchFailed(.queueTimeout, by: .daemon)
        } else if connectDeadline <= now {
            timedOut()
        } else if nextStart <= now {
            nextStart = .max
            act(race.delayPassed())
        }
        return nextDeadline
    }

    private func timedOut() {
        connectDeadline = .max
        guard case .addresses = wait else { return act(race.timedOut()) }
        note("its name was not resolved in time", errno: ETIMEDOUT)
        wait = .sockets
        if nextMember() { act(beginRace()) }
    }
}

extension UpstreamSearch: Waiting {
    /// The addresses that were asked for, or room at a member, may be there.
    func resume() {
        guard let seeker, standing == nil else { return }
        if member == nil {
            switch choose() {
            case .member: break
            case .waits: return setDeadline()
            case .lineIsFull, .nobody: return seeker.searchFailed(.connectFailed, by: .upstream)
            }
        }
        if links.isEmpty { act(beginRace()) }
        setDeadline()
    }
}
