// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import Records
import Relaying

/// Finds an upstream for one connection or flow, and connects to it.
///
/// It chooses a member of the group, waits in the queue if all are busy, gets the addresses of a name, and tries them as
/// ``ConnectRace`` says. After a failure, which is recorded, it tries the next member.
///
/// Members are chosen from the group in force, so a waiting client can get an upstream that a reload added. The search for a
/// datagram upstream continues after a socket is connected, until there is an answer: see ``refused(errno:_:)``. A check has
/// a fixed member: see ``Purpose``.
///
/// Concurrency: belongs to the lane of its owner.
final class UpstreamSearch {
    /// What the attempts wait for.
    enum Wait: Equatable {
        /// Sockets that are connecting, or nothing was begun.
        case sockets
        /// The client's first bytes, to be sent when connecting to the address with this index.
        case client(Int)
        /// The addresses of the upstream.
        case addresses
        /// A free place at an upstream. The number is the place in the queue.
        case place(UInt64)
        /// A resource of this host, or a place in the upstream's backlog.
        case resources(Shortage)
    }

    /// What an attempt lacks: a descriptor, memory, a local port, or a place in the upstream's backlog.
    struct Shortage: Equatable {
        /// The index of the address to try again; nil for the whole race.
        var index: Int?
        var errno: CInt
        var party: FaultParty
        /// When to try again.
        var time: UInt64
    }

    let lane: Lane

    /// The group to choose from; replaced by its successor after a reload, until a member is chosen.
    private(set) var group: UpstreamGroup

    /// The member that counts this search.
    private(set) var member: Int?

    let purpose: Purpose

    /// The owner, from ``admit(_:)`` until the search ends.
    private(set) var owner: (any UpstreamSearchOwner)?

    /// Input for the balancer: the number of the connection, and the hash of the client.
    private let ticket: UInt64
    private let source: UInt64

    /// The members that were tried, including the current one.
    private var tried = MemberSet()

    private(set) var wait = Wait.sockets

    /// The addresses of the member, and the race between them.
    var addresses: [SocketAddress] = []
    var race = ConnectRace([])

    /// The sockets that are connecting.
    var sockets = Attempts()

    /// The connected socket, until the owner takes or replaces it.
    var connected: PeerSocket?

    /// How long connecting took, in nanoseconds.
    private(set) var connectTime: UInt64 = 0

    /// When the attempt at this member began, when it times out, and when the next address may be tried.
    private(set) var begun: UInt64 = 0
    var deadline = UInt64.max
    var nextStart = UInt64.max

    /// When waiting in the queue times out, when it entered the queue, and how long it waited before.
    private(set) var roomDeadline = UInt64.max
    private var queuedSince: UInt64?
    private var earlierQueueTime: UInt64 = 0

    /// Why the last look-up of the member's name failed.
    var lookupFailure: String?

    private var pause = RetryPause()

    /// The failed attempts: address and reason.
    var failures: [String] = []
    private(set) var attempts = 0

    /// The errno of the last failure attributed to an upstream; 0 for none.
    var upstreamErrno: CInt = 0

    /// Whether a failure was attributed to this host or its name service.
    var isHostToBlame = false

    /// The errno of the last fault of this host; 0 for none.
    var hostErrno: CInt = 0

    /// The state of a datagram upstream that has not answered: see ``UpstreamSearch/answered()``.
    var silence = Silence()

    /// The messages that a datagram upstream was sent, or is to be sent, until it answers.
    var unanswered = UnansweredMessages()

    /// Makes a search for a client of a group.
    ///
    /// - Parameter source: the hash of the client, ``Balancer/sourceHash(of:uid:)``.
    init(in group: UpstreamGroup, from source: UInt64, on lane: Lane, purpose: Purpose) {
        self.group = group
        self.lane = lane
        self.purpose = purpose
        ticket = group.makeTicket()
        self.source = source
    }

    /// Makes a search for a check of one member, which is connected to regardless of its health.
    init(check member: Int, in group: UpstreamGroup, on lane: Lane) {
        self.group = group
        self.lane = lane
        purpose = .check
        (ticket, source) = (0, 0)
        take(member)
    }

    /// How many searches may wait in the queue, including this one.
    private var queueLimit: Int { purpose == .connection ? group.settings.queueLimit : 0 }

    /// Whether ``begin()`` was called: the addresses of a member are known or awaited.
    var hasBegun: Bool { wait != .sockets || !addresses.isEmpty }

    /// Whether no upstream is connected yet.
    var isSearching: Bool { owner != nil && connected == nil }

    /// Whether this upstream is the connected one.
    func isConnected(to upstream: Upstream) -> Bool {
        connected != nil && member.map { group.members[$0].upstream === upstream } ?? false
    }

    // MARK: - Calls by the owner

    /// Chooses the first member to try, or enters the queue.
    ///
    /// - Returns: why the client cannot be served; nil if it can.
    func admit(_ owner: any UpstreamSearchOwner) -> Refusal? {
        self.owner = owner
        if purpose == .check { return nil }
        return switch choose() {
        case .member, .waits: nil
        case .queueIsFull: .queueLimit(queueLimit)
        case .noneAvailable: .upstreamsDown
        case .withdrawn: .upstreamsWithdrawn
        }
    }

    /// Begins to connect to the member, before the owner reads from the client for the first time. Does nothing while the
    /// search waits in the queue.
    func begin() {
        if member != nil { act(beginRace(), beforeFirstBytes: true) }
    }

    /// Continues when addresses, or a free place, may be available.
    func resume() {
        proceed()
        if isSearching { owner?.searchDeadlineChanged() }
    }

    /// Ends the search and passes its place to the owner, which owns the connected socket from then on.
    func takePlace() -> UpstreamPlace? {
        owner = nil
        return member.take().map {
            UpstreamPlace(
                group: group, member: $0, attempts: attempts, queueTime: queueTime, connectTime: connectTime,
                failures: failures)
        }
    }

    /// Closes all sockets, leaves the queue, and gives up the member's place.
    func end() {
        noteSilentSuccess()
        abandon()
        connected?.close(on: lane)
        leaveMember()
        owner = nil
    }

    /// The next time at which ``deadlineReached()`` has to be called; `UInt64.max` for never.
    var nextDeadline: UInt64 {
        guard isSearching else { return silence.deadline }
        var next = min(deadline, nextStart, roomDeadline)
        if case .resources(let shortage) = wait { next = min(next, shortage.time) }
        return next
    }

    // MARK: - The member

    /// The result of choosing a member.
    private enum ChoiceResult {
        /// A member was chosen and counts the connection.
        case member
        /// The search waits in the queue.
        case waits
        /// It would have to wait, but the queue is full.
        case queueIsFull
        /// No member is available.
        case noneAvailable
        /// No member is available, and an operator keeps connections from one.
        case withdrawn
    }

    /// Continues with what is available now: a member, its addresses, or a free place.
    func proceed() {
        guard isSearching else { return }
        if member == nil {
            switch choose() {
            case .member: break
            case .waits: return
            case .queueIsFull, .noneAvailable, .withdrawn: return refuse()
            }
        }
        if sockets.isEmpty { act(beginRace()) }
    }

    /// Changes to another member if one is available now; otherwise keeps this one.
    ///
    /// - Parameter orEjected: whether an ejected member may be chosen.
    /// - Returns: whether the member has changed.
    func otherMember(orEjected: Bool = true) -> Bool {
        guard let current = member, purpose != .check, attempts < group.settings.attempts,
            case .member(let index) = group.choose(
                ticket: ticket, source: source, tried: tried, at: lane.now, orEjected: orEjected)
        else { return false }
        group.leave(current)
        take(index)
        return true
    }

    /// Changes to another member, or ends the search as failed.
    ///
    /// - Returns: whether there is a member to connect to now.
    func nextMember() -> Bool {
        leaveMember()
        deadline = .max
        nextStart = .max
        if purpose != .check, attempts < group.settings.attempts {
            switch choose() {
            case .member: return true
            case .waits: return false
            case .queueIsFull, .noneAvailable, .withdrawn: break
            }
        }
        refuse()
        return false
    }

    private func leaveMember() {
        if let member, purpose != .check { group.leave(member) }
        member = nil
    }

    /// Ends the search as failed: no upstream is left to try.
    private func refuse() {
        if upstreamErrno != 0 || !isHostToBlame {
            owner?.searchFailed(.connectFailed, by: .upstream, errno: 0)
        } else if hostErrno != 0 {
            owner?.searchFailed(.error, by: .daemon, errno: hostErrno)
        } else {
            owner?.searchFailed(.connectFailed, by: .daemon, errno: 0)
        }
    }

    /// Closes the attempts, and leaves the queue.
    func abandon() {
        answer(leaveQueue(), .left)
        while let socket = sockets.takeAny() { socket.close(on: lane) }
        if case .client = wait { wait = .sockets }
    }

    /// Chooses a member, or enters the queue. A search that was in the queue keeps its place.
    private func choose() -> ChoiceResult {
        guard let owner else { return .noneAvailable }
        var place: UInt64?
        if case .place(let number) = wait { place = number }
        let call = leaveQueue()
        var found = chooseNow(isWaiting: place != nil)
        guard found == .waits else {
            answer(call, found == .member ? .served : .left)
            return found
        }
        guard let number = group.queue.enter(Waiter(owner, on: lane), limit: queueLimit, again: place) else {
            return .queueIsFull
        }
        wait = .place(number)
        if queuedSince == nil { queuedSince = lane.now }
        roomDeadline = min(roomDeadline, lane.now + group.queueTimeout)
        // A place, or another upstream, may have become available between the choice and entering the queue.
        found = chooseNow(isWaiting: place != nil)
        guard found != .waits else {
            answer(call, .waits)
            return found
        }
        // A call that arrived in between is not needed.
        answer(leaveQueue(), .left)
        answer(call, found == .member ? .served : .left)
        return found
    }

    /// - Parameter isWaiting: whether the search is in the queue, where it stays if an operator withdraws the upstreams: it
    ///   may get one of them later, or one that a reload adds.
    private func chooseNow(isWaiting: Bool) -> ChoiceResult {
        if let next = group.successor {
            tried = next.members(as: tried, of: group)
            group = next
        }
        switch group.choose(ticket: ticket, source: source, tried: tried, at: lane.now) {
        case .allBusy: return .waits
        case .noneAvailable: return .noneAvailable
        case .withdrawn: return isWaiting ? .waits : .withdrawn
        case .member(let index):
            take(index)
            return .member
        }
    }

    /// Starts the attempt at this member, which counts the connection.
    private func take(_ index: Int) {
        earlierQueueTime = queueTime
        queuedSince = nil
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

    /// Nanoseconds that the search has waited in the queue.
    var queueTime: UInt64 { earlierQueueTime + (queuedSince.map { Clock.span(from: $0, to: lane.now) } ?? 0) }

    /// - Returns: why it was called, and its place; nil if it was not in the queue, or was not called yet.
    private func leaveQueue() -> (call: WaitingQueue.Call, number: UInt64)? {
        guard case .place(let number) = wait else { return nil }
        wait = .sockets
        return group.queue.leave(number).map { ($0, number) }
    }

    private func answer(_ called: (call: WaitingQueue.Call, number: UInt64)?, _ answer: WaitingQueue.Answer) {
        guard let called else { return }
        group.queue.answer(answer, to: called.call, of: called.number)
    }

    // MARK: - Waiting

    /// Sets what the attempts wait for.
    func wait(for wait: Wait) { self.wait = wait }

    /// Waits until a resource may be free again.
    ///
    /// - Parameter index: the address to try again; nil for the whole race.
    func waitForResources(_ errno: CInt, _ party: FaultParty, index: Int?) {
        wait = .resources(Shortage(index: index, errno: errno, party: party, time: lane.now + pause.take()))
    }

    /// Notes that a socket is connected, and clears the deadlines.
    func noteConnected(_ socket: PeerSocket) {
        deadline = .max
        nextStart = .max
        connected = socket
        connectTime = Clock.span(from: socket.begun, to: Clock.monotonic)
    }

    /// Handles a passed ``nextDeadline``.
    func deadlineReached() {
        let now = lane.now
        if silence.deadline <= now { replaceSilent() }
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
