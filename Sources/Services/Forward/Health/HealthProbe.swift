// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records
import Relaying

/// Checks one upstream from time to time: connects, says what is to be said, and looks for what is to be answered.
///
/// ``UpstreamSearch`` connects to it, as for a relay: to all addresses of a name, from the group's `source`, the first that
/// answers (RFC 8305). Of datagrams, an address answers when what is expected comes from there. A name that does not resolve
/// is the fault of a name server, and what this host lacks is its own: such a check says nothing of the upstream.
///
/// What each check came to goes into ``Upstream``, which decides what follows from it and outlives this.
///
/// Concurrency: belongs to one lane, as its sockets do.
final class HealthProbe: Pollable {
    /// The most of an answer that is looked through.
    private static let longestAnswer = 64 << 10

    private let upstream: Upstream
    private let member: Int
    private let settings: HealthSettings
    private let interval: UInt64
    private let group: UpstreamGroup
    private let lane: Lane

    /// The search for the upstream's address, while a check is under way.
    private var search: UpstreamSearch?

    /// How often a check reads before the others have their turn.
    private static let readsPerTurn = 16

    /// What is said on one socket.
    private struct Dialogue {
        /// What is still to be said.
        var unsent: [UInt8]
        /// What has been answered.
        var answer: [UInt8] = []
    }

    /// The dialogue on each socket where one was begun, by the socket's index.
    private var dialogues: [Int: Dialogue] = [:]
    private var nextStart: UInt64 = 0

    /// When a check is over, once it is connected; until then the search knows.
    private var checkDeadline = UInt64.max

    init(of member: Int, as settings: HealthSettings, in group: UpstreamGroup, on lane: Lane) {
        upstream = group.members[member].upstream
        self.member = member
        self.settings = settings
        self.group = group
        self.lane = lane
        interval = settings.interval.nanoseconds
        super.init()
    }

    /// Begins to check: for the first time after the `number`th part of an interval.
    func begin(number: Int, of count: Int) {
        lane.enroll(self)
        nextStart = lane.now + interval / UInt64(count) * UInt64(number)
        lane.schedule(self, at: nextStart)
    }

    /// Checks no more.
    func end() {
        endCheck()
        lane.forget(self)
    }

    override func deadline(at now: UInt64) -> UInt64? {
        if checkDeadline <= now { failed(.timedOut) }
        if let search, search.nextDeadline <= now { search.deadlineReached() }
        if nextStart <= now {
            nextStart = now + interval
            check()
        }
        return nextDeadline
    }

    private var nextDeadline: UInt64 { min(nextStart, checkDeadline, search?.nextDeadline ?? .max) }

    // MARK: - One check

    private func check() {
        // A timeout may be as long as the interval: then this is its end.
        search?.timedOut()
        if search != nil { failed(.timedOut) }
        let search = UpstreamSearch(check: member, in: group, on: lane)
        self.search = search
        _ = search.admit(self)
        search.begin()
    }

    /// Whether the check still has a socket.
    private func has(_ socket: PeerSocket) -> Bool {
        guard let search else { return false }
        return search.connected === socket || search.sockets.contains(socket)
    }

    /// Says what is to be said, as much of it as there is room for.
    private func say(to socket: PeerSocket) throws(SystemError) {
        let header = try group.header(forCheckOf: socket.address, from: socket.stream) ?? []
        // In one write, since it may be a datagram.
        dialogues[socket.index] = Dialogue(unsent: header + (settings.send ?? []))
        try send(to: socket)
        // The rest of a stream goes when there is room.
        guard upstream.kind.isDatagram, dialogues[socket.index]?.unsent.isEmpty == false else { return }
        throw SystemError("send", errno: EAGAIN)
    }

    /// Sends what there is room for.
    private func send(to socket: PeerSocket) throws(SystemError) {
        guard let unsent = dialogues[socket.index]?.unsent, !unsent.isEmpty else { return finishSaying(to: socket) }
        // unsafe: bytes have no padding that could be read.
        if case .moved(let count) = try unsafe socket.stream.write(unsent.span.bytes) {
            dialogues[socket.index]?.unsent.removeFirst(count)
        }
        guard dialogues[socket.index]?.unsent.isEmpty == true else { return try socket.awaitWritable(on: lane) }
        finishSaying(to: socket)
    }

    /// All was said: a check that expects no answer has succeeded.
    private func finishSaying(to socket: PeerSocket) {
        if settings.expect == nil { succeeded() }
    }

    /// Says what is left, and reads what has come.
    ///
    /// - Returns: whether there is more to read, after the others had their turn.
    private func talk(with socket: PeerSocket) throws(SystemError) -> Bool {
        if dialogues[socket.index]?.unsent.isEmpty == false { try send(to: socket) }
        guard let expected = settings.expect else { return false }
        for _ in 0..<Self.readsPerTurn {
            guard has(socket), var answer = dialogues[socket.index]?.answer else { return false }
            switch try socket.stream.read(into: lane.input, atMost: Self.longestAnswer - answer.count) {
            case .wouldBlock:
                return false
            case .endOfStream:
                failed(answer.isEmpty ? .closed : .unexpectedAnswer)
                return false
            case .moved(let count):
                let length = min(count, Self.longestAnswer - answer.count)
                lane.input.withBytes(length) { answer.append(copying: $0) }
            }
            dialogues[socket.index]?.answer = answer
            if answer.holds(expected) {
                succeeded()
                return false
            }
            guard answer.count < Self.longestAnswer else {
                failed(.unexpectedAnswer)
                return false
            }
        }
        return true
    }

    /// The connection has broken. A datagram that is refused leaves the other addresses.
    private func broke(_ socket: PeerSocket, _ error: SystemError) {
        let party = FaultParty(error, over: upstream.kind)
        if let search, search.isSearching { return search.attemptFailed(socket, party, error.errno) }
        guard let fault = party.hostFault else { return failed(.broken(error.errno)) }
        // What this host lacks says nothing of the upstream.
        search?.tell(fault, error)
        endCheck()
    }

    private func succeeded() {
        endCheck()
        if let change = upstream.checkSucceeded(at: lane.now) { group.tell(change, of: upstream, on: lane) }
    }

    private func failed(_ failure: CheckFailure) {
        endCheck()
        if let change = upstream.checkFailed(failure, at: lane.now) { group.tell(change, of: upstream, on: lane) }
    }

    private func endCheck() {
        checkDeadline = .max
        dialogues = [:]
        // A reset leaves no port in TIME_WAIT, here or there; the check has all that it wanted.
        search?.connected?.stream.resetOnClose()
        search?.end()
        search = nil
    }
}

extension HealthProbe: UpstreamSearchOwner {
    func resume() { search?.resume() }

    func searchDeadlineChanged() { lane.schedule(self, at: nextDeadline) }

    func isThere(_ socket: PeerSocket) throws(SystemError) -> Bool {
        // That a datagram socket is connected says nothing; a bus, of which nothing is asked, is well if it can be bound.
        guard upstream.kind.isDatagram, settings.expect != nil else { return true }
        try say(to: socket)
        return false
    }

    func searchSucceeded(_ socket: PeerSocket) {
        guard let search else { return }
        checkDeadline = search.begun + search.timeout
        lane.schedule(self, at: nextDeadline)
        do throws(SystemError) {
            try socket.watch(on: lane)
            try say(to: socket)
            guard has(socket), settings.expect != nil else { return }
            if try talk(with: socket) { lane.giveTurn(to: socket) }
        } catch {
            broke(socket, error)
        }
    }

    func peerReady(_ socket: PeerSocket, _ readiness: Readiness) -> Turn {
        guard has(socket) else { return .done }
        guard dialogues[socket.index] != nil else {
            search?.attemptReady(socket, readiness)
            return .done
        }
        do throws(SystemError) {
            return try talk(with: socket) ? .again : .done
        } catch {
            broke(socket, error)
            return .done
        }
    }

    func searchFailed(_ reason: CloseReason, by party: CloseParty, errno: CInt) {
        guard party == .upstream, let errno = search?.upstreamErrno else { return endCheck() }
        failed(errno == ETIMEDOUT ? .timedOut : .connect(errno))
    }
}

extension [UInt8] {
    /// Whether the words are anywhere in it. (The standard library's own search brings its regular expressions along.)
    fileprivate func holds(_ words: [UInt8]) -> Bool {
        guard count >= words.count else { return false }
        return (0...count - words.count).contains { self[$0...].starts(with: words) }
    }
}
