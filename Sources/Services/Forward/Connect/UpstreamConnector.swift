// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Records

/// Finds an upstream for one connection or flow, and connects to it: chooses a member of the group, waits for room where
/// all are busy, asks for the addresses of a name, and tries them as ``ConnectRace`` says. Who fails is noted, and the next
/// member is tried.
///
/// Whoever looks for a member looks in the group that is in force: a client that waits for room has what a reload brings.
///
/// Concurrency: belongs to the lane of its connection or flow.
protocol UpstreamConnector: Pollable, Waiting {
    var lane: Lane { get }

    /// The upstreams among which one is looked for; another group after a reload, as long as there is no member.
    var group: UpstreamGroup { get set }

    /// The member of the group that counts this connection.
    var member: Int? { get set }

    /// What there is until an upstream stands; nil before the search, after it, and when the connection has ended.
    var connecting: Connecting? { get }

    /// How many may wait in the line, this one included.
    var queueLimit: Int { get }

    /// Makes a socket for one of the addresses and begins to connect it. Whoever does is to add it to the attempts.
    ///
    /// - Returns: whether it stands already.
    func connect(to index: Int, _ connecting: Connecting) throws(SystemError) -> Bool

    /// This socket stands; the other attempts are closed.
    func stands(_ socket: PeerSocket, _ connecting: Connecting)

    /// The client cannot be served.
    func giveUp(_ reason: CloseReason, by party: CloseParty, errno: CInt)

    /// Sees to it that ``connectingDeadlineReached()`` is called when there is something to do.
    func setDeadline()
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

extension UpstreamConnector {
    /// Chooses the first member to try, or lines up for one.
    ///
    /// - Returns: why the client cannot be served.
    func findMember(_ connecting: Connecting) -> Refusal? {
        switch choose(connecting) {
        case .member, .waits: nil
        case .lineIsFull: .queueLimit(queueLimit)
        case .nobody: .upstreamsDown
        }
    }

    /// The addresses that were asked for, or room at an upstream, may be there.
    func resume() {
        goOn()
        if connecting != nil { setDeadline() }
    }

    /// Goes on with what there is now: a member, its addresses, or room.
    func goOn() {
        guard let connecting else { return }
        if member == nil {
            switch choose(connecting) {
            case .member: break
            case .waits: return
            case .lineIsFull, .nobody: return refuse(connecting)
            }
        }
        if connecting.sockets.isEmpty { act(beginRace(connecting)) }
    }

    /// Goes over to another member if one can be had now, and stays with this one if not.
    ///
    /// - Parameter orEjected: whether an ejected one will do.
    /// - Returns: whether there is another one.
    func otherMember(_ connecting: Connecting, orEjected: Bool = true) -> Bool {
        guard let current = member, connecting.attempts < group.settings.attempts,
            case .member(let index) = group.choose(
                ticket: connecting.ticket, source: connecting.source, tried: connecting.tried, at: lane.now,
                orEjected: orEjected)
        else { return false }
        group.leave(current)
        take(index, connecting)
        return true
    }

    /// Goes over to another member, or gives up.
    ///
    /// - Returns: whether there is one to connect to now.
    func nextMember(_ connecting: Connecting) -> Bool {
        if let member { group.leave(member) }
        member = nil
        connecting.deadline = .max
        connecting.nextStart = .max
        if connecting.attempts < group.settings.attempts {
            switch choose(connecting) {
            case .member: return true
            case .waits: return false
            case .lineIsFull, .nobody: break
            }
        }
        refuse(connecting)
        return false
    }

    /// No upstream is left to be tried.
    private func refuse(_ connecting: Connecting) {
        if connecting.upstreamHasFailed || !connecting.isHostToBlame {
            giveUp(.connectFailed, by: .upstream, errno: 0)
        } else if let error = connecting.hostError {
            giveUp(.error, by: .daemon, errno: error.errno)
        } else {
            giveUp(.connectFailed, by: .daemon, errno: 0)
        }
    }

    /// Closes the attempts, and leaves the line.
    func abandon(_ connecting: Connecting) {
        answer(leaveLine(connecting), .left)
        while let socket = connecting.sockets.takeAny() { socket.close(on: lane) }
        connecting.awaitsClient = false
    }

    /// Looks for a member, or lines up; who was in the line already keeps its place.
    private func choose(_ connecting: Connecting) -> Found {
        var place: UInt64?
        if case .room(let number) = connecting.wait { place = number }
        let call = leaveLine(connecting)
        var found = look(connecting)
        guard found == .waits else {
            answer(call, found == .member ? .served : .left)
            return found
        }
        guard let number = group.line.enter(Waiter(self, on: lane), limit: queueLimit, again: place) else {
            return .lineIsFull
        }
        connecting.wait = .room(number)
        connecting.lineUp(at: lane.now)
        connecting.roomDeadline = min(connecting.roomDeadline, lane.now + group.queueTimeout)
        // Room, or other upstreams, may have come since it was looked for, and before there was anybody to be told.
        found = look(connecting)
        guard found != .waits else {
            answer(call, .waits)
            return found
        }
        // A call that came in between is one too many.
        answer(leaveLine(connecting), .left)
        answer(call, found == .member ? .served : .left)
        return found
    }

    private func look(_ connecting: Connecting) -> Found {
        if let next = group.successor {
            connecting.tried = next.members(as: connecting.tried, of: group)
            group = next
        }
        switch group.choose(
            ticket: connecting.ticket, source: connecting.source, tried: connecting.tried, at: lane.now)
        {
        case .allBusy: return .waits
        case .noneAvailable: return .nobody
        case .member(let index):
            take(index, connecting)
            return .member
        }
    }

    private func take(_ index: Int, _ connecting: Connecting) {
        member = index
        connecting.leaveLine(at: lane.now)
        connecting.begin(index, at: Clock.monotonic, timeout: group.connectTimeout)
    }

    /// - Returns: why it was called, and from which place; nil if it was in no line, or still in it.
    private func leaveLine(_ connecting: Connecting) -> (call: WaitingLine.Call, number: UInt64)? {
        guard case .room(let number) = connecting.wait else { return nil }
        connecting.wait = .sockets
        return group.line.leave(number).map { ($0, number) }
    }

    private func answer(_ called: (call: WaitingLine.Call, number: UInt64)?, _ answer: WaitingLine.Answer) {
        guard let called else { return }
        group.line.answer(answer, to: called.call, of: called.number)
    }
}
