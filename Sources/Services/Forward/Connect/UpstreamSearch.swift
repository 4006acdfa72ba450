// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import Records
import Relaying

/// Finds an upstream for one connection or flow, and connects to it: chooses a member of the group, waits for room where
/// all are busy, asks for the addresses of a name, and tries them as ``ConnectRace`` says. What fails is noted, and the next
/// member is tried.
///
/// A member is chosen from the group in force: a client that waits for room gets what a reload brings. A search for an
/// upstream of datagrams goes on after it has succeeded, as long as nothing was answered: see ``refused(errno:_:)``. A check
/// has its member, and uses the rest: see ``Purpose``.
///
/// Concurrency: belongs to the lane of its owner.
final class UpstreamSearch {
    /// What the attempts wait for.
    enum Wait: Equatable {
        /// Nothing: sockets are on their way, or nothing was begun.
        case sockets
        /// The client's first bytes, to go along to this address.
        case client(Int)
        /// The addresses of the upstream.
        case addresses
        /// Room at an upstream, with this number in the line.
        case room(UInt64)
        /// Something that is used up at the moment.
        case resources(Shortage)
    }

    /// What an attempt lacks: a descriptor, memory, a local port, or a place in the upstream's backlog.
    struct Shortage: Equatable {
        /// The address of the race that is tried again; nil for the whole race.
        var index: Int?
        var errno: CInt
        var party: FaultParty
        /// When it is tried again.
        var time: UInt64
    }

    let lane: Lane

    /// The upstreams among which one is looked for; another group after a reload, as long as there is no member.
    private(set) var group: UpstreamGroup

    /// The member of the group that counts this search.
    private(set) var member: Int?

    let purpose: Purpose

    /// What it searches for, from ``admit(_:)`` until the search is over.
    private(set) var owner: (any UpstreamSearchOwner)?

    /// The connection among those of the group, and where it comes from: for the balancer.
    private let ticket: UInt64
    private let source: UInt64

    /// The members that were tried, the one that is being tried too.
    private var tried = MemberSet()

    private(set) var wait = Wait.sockets

    /// The addresses of the member, and the race between them.
    var addresses: [SocketAddress] = []
    var race = ConnectRace([])

    /// The sockets on their way.
    var sockets = Attempts()

    /// The socket that is connected, until its owner takes it or leaves it.
    var connected: PeerSocket?

    /// Nanoseconds that the connection took.
    private(set) var connectTime: UInt64 = 0

    /// When the attempt at this member began, when it has failed, and when the next address may be tried.
    private(set) var begun: UInt64 = 0
    var deadline = UInt64.max
    var nextStart = UInt64.max

    /// Until when it waits for room, since when it has been in the line, and how long it was there before.
    private var roomDeadline = UInt64.max
    private var linedUp: UInt64?
    private var timeInLine: UInt64 = 0

    /// Why the name of the member could not be resolved the last time.
    var lookupFailure: String?

    private var pause = RetryPause()

    /// What was not reached, and how.
    var failures: [String] = []
    private(set) var attempts = 0

    /// The last failure for which an upstream was to blame: errno; 0 for none.
    var upstreamErrno: CInt = 0

    /// Whether this host or its name service was to blame for a failure.
    var isHostToBlame = false

    /// What this host lacked last: errno; 0 for nothing.
    var hostErrno: CInt = 0

    /// Of an upstream of datagrams: see ``UpstreamSearch/answered()``.
    var silence = Silence()

    /// What it was sent, or is to be sent, as long as it has not answered.
    var unanswered = UnansweredMessages()

    /// A search for a client of a group.
    ///
    /// - Parameter source: the hash of the client, ``Balancer/sourceHash(of:uid:)``.
    init(in group: UpstreamGroup, from source: UInt64, on lane: Lane, purpose: Purpose) {
        self.group = group
        self.lane = lane
        self.purpose = purpose
        ticket = group.makeTicket()
        self.source = source
    }

    /// A search for a check: of one member of a group, which is connected to whatever is known of its health.
    init(check member: Int, in group: UpstreamGroup, on lane: Lane) {
        self.group = group
        self.lane = lane
        purpose = .check
        (ticket, source) = (0, 0)
        take(member)
    }

    /// How many may wait in the line, this one included.
    private var queueLimit: Int { purpose == .connection ? group.settings.queueLimit : 0 }

    /// Whether the addresses of a member are known or awaited: ``begin()`` was called.
    var hasBegun: Bool { wait != .sockets || !addresses.isEmpty }

    /// Whether an upstream is still looked for.
    var isSearching: Bool { owner != nil && connected == nil }

    /// Whether this upstream is the one that is connected.
    func isConnected(to upstream: Upstream) -> Bool {
        connected != nil && member.map { group.members[$0].upstream === upstream } ?? false
    }

    // MARK: - What the owner says

    /// Chooses the first member to try, or lines up for one.
    ///
    /// - Returns: why the client cannot be served.
    func admit(_ owner: any UpstreamSearchOwner) -> Refusal? {
        self.owner = owner
        if purpose == .check { return nil }
        return switch choose() {
        case .member, .waits: nil
        case .lineIsFull: .queueLimit(queueLimit)
        case .nobody: .upstreamsDown
        }
    }

    /// Begins to connect to the member, before the owner looks at the client for the first time. What waits in the line is
    /// called.
    func begin() {
        if member != nil { act(beginRace(), beforeFirstBytes: true) }
    }

    /// The addresses that were asked for, or room at an upstream, may be there.
    func resume() {
        proceed()
        if isSearching { owner?.searchDeadlineChanged() }
    }

    /// The connected socket belongs to the owner from now on, with the place that the member counts; the search is over.
    func takePlace() -> UpstreamPlace? {
        owner = nil
        return member.take().map {
            UpstreamPlace(
                group: group, member: $0, attempts: attempts, queueTime: queueTime, connectTime: connectTime,
                failures: failures)
        }
    }

    /// Closes every socket, and leaves the line and the member.
    func end() {
        noteSilentSuccess()
        abandon()
        connected?.close(on: lane)
        leaveMember()
        owner = nil
    }

    /// The next time at which there is something to do; `UInt64.max` for never.
    var nextDeadline: UInt64 {
        guard isSearching else { return silence.deadline }
        var next = min(deadline, nextStart, roomDeadline)
        if case .resources(let shortage) = wait { next = min(next, shortage.time) }
        return next
    }

    // MARK: - The member

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

    /// Goes on with what there is now: a member, its addresses, or room.
    func proceed() {
        guard isSearching else { return }
        if member == nil {
            switch choose() {
            case .member: break
            case .waits: return
            case .lineIsFull, .nobody: return refuse()
            }
        }
        if sockets.isEmpty { act(beginRace()) }
    }

    /// Goes over to another member if one can be had now, and stays with this one if not.
    ///
    /// - Parameter orEjected: whether an ejected one will do.
    /// - Returns: whether there is another one.
    func otherMember(orEjected: Bool = true) -> Bool {
        guard let current = member, purpose != .check, attempts < group.settings.attempts,
            case .member(let index) = group.choose(
                ticket: ticket, source: source, tried: tried, at: lane.now, orEjected: orEjected)
        else { return false }
        group.leave(current)
        take(index)
        return true
    }

    /// Goes over to another member, or gives up.
    ///
    /// - Returns: whether there is one to connect to now.
    func nextMember() -> Bool {
        leaveMember()
        deadline = .max
        nextStart = .max
        if purpose != .check, attempts < group.settings.attempts {
            switch choose() {
            case .member: return true
            case .waits: return false
            case .lineIsFull, .nobody: break
            }
        }
        refuse()
        return false
    }

    private func leaveMember() {
        if let member, purpose != .check { group.leave(member) }
        member = nil
    }

    /// No upstream is left to be tried.
    private func refuse() {
        if upstreamErrno != 0 || !isHostToBlame {
            owner?.searchFailed(.connectFailed, by: .upstream, errno: 0)
        } else if hostErrno != 0 {
            owner?.searchFailed(.error, by: .daemon, errno: hostErrno)
        } else {
            owner?.searchFailed(.connectFailed, by: .daemon, errno: 0)
        }
    }

    /// Closes the attempts, and leaves the line.
    func abandon() {
        answer(leaveLine(), .left)
        while let socket = sockets.takeAny() { socket.close(on: lane) }
        if case .client = wait { wait = .sockets }
    }

    /// Looks for a member, or lines up; what was in the line already keeps its place.
    private func choose() -> Found {
        guard let owner else { return .nobody }
        var place: UInt64?
        if case .room(let number) = wait { place = number }
        let call = leaveLine()
        var found = look()
        guard found == .waits else {
            answer(call, found == .member ? .served : .left)
            return found
        }
        guard let number = group.line.enter(Waiter(owner, on: lane), limit: queueLimit, again: place) else {
            return .lineIsFull
        }
        wait = .room(number)
        if linedUp == nil { linedUp = lane.now }
        roomDeadline = min(roomDeadline, lane.now + group.queueTimeout)
        // Room, or other upstreams, may have come since it was looked for, and before there was anybody to be told.
        found = look()
        guard found != .waits else {
            answer(call, .waits)
            return found
        }
        // A call that came in between is one too many.
        answer(leaveLine(), .left)
        answer(call, found == .member ? .served : .left)
        return found
    }

    private func look() -> Found {
        if let next = group.successor {
            tried = next.members(as: tried, of: group)
            group = next
        }
        switch group.choose(ticket: ticket, source: source, tried: tried, at: lane.now) {
        case .allBusy: return .waits
        case .noneAvailable: return .nobody
        case .member(let index):
            take(index)
            return .member
        }
    }

    /// This member is tried now, and counts the connection.
    private func take(_ index: Int) {
        timeInLine = queueTime
        linedUp = nil
        member = index
        tried.insert(index)
        attempts += 1
        lookupFailure = nil
        roomDeadline = .max
        begun = Clock.monotonic
        deadline = begun + timeout
        nextStart = .max
        pause = RetryPause()
    }

    /// Nanoseconds that it has spent in the line.
    var queueTime: UInt64 { timeInLine + (linedUp.map { Clock.span(from: $0, to: lane.now) } ?? 0) }

    /// - Returns: why it was called, and from which place; nil if it was in no line, or still in it.
    private func leaveLine() -> (call: WaitingLine.Call, number: UInt64)? {
        guard case .room(let number) = wait else { return nil }
        wait = .sockets
        return group.line.leave(number).map { ($0, number) }
    }

    private func answer(_ called: (call: WaitingLine.Call, number: UInt64)?, _ answer: WaitingLine.Answer) {
        guard let called else { return }
        group.line.answer(answer, to: called.call, of: called.number)
    }

    // MARK: - Waiting

    /// Notes what the attempts wait for from now on.
    func wait(for wait: Wait) { self.wait = wait }

    /// Waits until something that is used up may be free again.
    ///
    /// - Parameter index: the address to be tried again; nil for the whole race.
    func waitForResources(_ errno: CInt, _ party: FaultParty, index: Int?) {
        wait = .resources(Shortage(index: index, errno: errno, party: party, time: lane.now + pause.take()))
    }

    /// A socket is connected.
    func noteConnected(_ socket: PeerSocket) {
        deadline = .max
        nextStart = .max
        connected = socket
        connectTime = Clock.span(from: socket.begun, to: Clock.monotonic)
    }

    /// Does what is due: ``nextDeadline`` has passed.
    func deadlineReached() {
        let now = lane.now
        if silence.deadline <= now { leaveSilent() }
        guard isSearching else { return }
        if roomDeadline <= now {
            owner?.searchFailed(.queueTimeout, by: .daemon, errno: 0)
            return
        }
        if deadline <= now { return timedOut() }
        if nextStart <= now {
            nextStart = .max
            if wait == .addresses { proceed() } else { act(race.delayPassed()) }
        }
        if case .resources(let shortage) = wait, shortage.time <= now {
            act(shortage.index.map { open($0) } ?? beginRace())
        }
    }
}
