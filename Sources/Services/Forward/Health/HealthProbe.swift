// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records
import Relaying

/// Checks one upstream periodically: connects, sends a request, and looks for the expected answer.
///
/// ``UpstreamSearch`` connects as it does for a relay: to all addresses of a name, from the group's `source`; the first
/// connected one wins (RFC 8305). For datagrams an address counts as connected when the expected answer comes from it. A
/// name that does not resolve is a fault of the name server, and a missing resource a fault of this host: such a check has
/// no result.
///
/// The result goes to ``Upstream``, which decides the consequences and outlives the probe.
///
/// Concurrency: belongs to one lane, as its sockets do.
final class HealthProbe: Pollable {
    /// How many bytes of an answer are searched.
    private static let longestAnswer = 64 << 10

    private let upstream: Upstream
    private let member: Int
    private let settings: HealthSettings
    private let interval: UInt64
    private let group: UpstreamGroup
    private let lane: Lane

    /// The search for the upstream, while a check is in progress.
    private var search: UpstreamSearch?

    /// How many reads a check may do in one turn.
    private static let readsPerTurn = 16

    /// The request and the answer on one socket.
    private struct Dialogue {
        /// The bytes that are still to be sent.
        var unsent: [UInt8]
        /// The bytes that were received.
        var answer: [UInt8] = []
    }

    /// The dialogues in progress, by the index of the socket.
    private var dialogues: [Int: Dialogue] = [:]
    private var nextStart: UInt64 = 0

    /// When the check times out once it is connected; before that the search has the deadline.
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

    /// Starts the checks. The first one follows after `number`/`count` of an interval.
    func begin(number: Int, of count: Int) {
        lane.add(self)
        nextStart = lane.now + interval / UInt64(count) * UInt64(number)
        lane.schedule(self, at: nextStart)
    }

    /// Stops the checks.
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
        // A timeout may be as long as the interval, so the previous check ends here at the latest.
        search?.timedOut()
        if search != nil { failed(.timedOut) }
        guard upstream.override.isChecked else { return }
        let search = UpstreamSearch(check: member, in: group, on: lane)
        self.search = search
        _ = search.admit(self)
        search.begin()
    }

    /// Whether the socket belongs to the check in progress.
    private func has(_ socket: PeerSocket) -> Bool {
        guard let search else { return false }
        return search.connected === socket || search.sockets.contains(socket)
    }

    /// Sends the request; on a stream, the rest follows after EPOLLOUT.
    private func sendRequest(to socket: PeerSocket) throws(SystemError) {
        let header = try group.header(forCheckOf: socket.address, from: socket.stream) ?? []
        // The header and the request go in one write, which is one datagram on a datagram socket.
        dialogues[socket.index] = Dialogue(unsent: header + (settings.send ?? []))
        try send(to: socket)
        // A stream sends the rest after EPOLLOUT.
        guard upstream.kind.isDatagram, dialogues[socket.index]?.unsent.isEmpty == false else { return }
        throw SystemError("send", errno: EAGAIN)
    }

    /// Sends what the socket takes.
    private func send(to socket: PeerSocket) throws(SystemError) {
        guard let unsent = dialogues[socket.index]?.unsent, !unsent.isEmpty else { return requestSent(to: socket) }
        // unsafe: bytes have no padding that could be read.
        if case .moved(let count) = try unsafe socket.stream.write(unsent.span.bytes) {
            dialogues[socket.index]?.unsent.removeFirst(count)
        }
        guard dialogues[socket.index]?.unsent.isEmpty == true else { return try socket.awaitWritable(on: lane) }
        requestSent(to: socket)
    }

    /// Ends a check that expects no answer as a success after its request was sent.
    private func requestSent(to socket: PeerSocket) {
        if settings.expect == nil { succeeded() }
    }

    /// Sends the rest of the request, and reads the answer.
    ///
    /// - Returns: whether there may be more to read in another turn.
    private func exchange(with socket: PeerSocket) throws(SystemError) -> Bool {
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

    /// Handles an error of a socket. A refused datagram rules out one address; the others are still asked.
    private func broke(_ socket: PeerSocket, _ error: SystemError) {
        let party = FaultParty(error, over: upstream.kind)
        if let search, search.isSearching { return search.attemptFailed(socket, party, error.errno) }
        guard let fault = party.hostFault else { return failed(.broken(error.errno)) }
        // A fault of this host says nothing about the upstream.
        search?.logFault(fault, error)
        endCheck()
    }

    private func succeeded() {
        endCheck()
        guard upstream.override.isChecked else { return }
        if let change = upstream.checkSucceeded(at: lane.now) { group.logChange(change, of: upstream, on: lane) }
    }

    private func failed(_ failure: CheckFailure) {
        endCheck()
        guard upstream.override.isChecked else { return }
        if let change = upstream.checkFailed(failure, at: lane.now) { group.logChange(change, of: upstream, on: lane) }
    }

    private func endCheck() {
        checkDeadline = .max
        dialogues = [:]
        // A reset leaves no socket in TIME_WAIT on either host; the check needs nothing more from the connection.
        search?.connected?.stream.resetOnClose()
        search?.end()
        search = nil
    }
}

extension HealthProbe: UpstreamSearchOwner {
    func resume() { search?.resume() }

    func searchDeadlineChanged() { lane.schedule(self, at: nextDeadline) }

    func provesReachable(_ socket: PeerSocket) throws(SystemError) -> Bool {
        // A connected datagram socket proves nothing. A CAN bus cannot be asked; binding to it is the check.
        guard upstream.kind.isDatagram, settings.expect != nil else { return true }
        try sendRequest(to: socket)
        return false
    }

    func searchSucceeded(_ socket: PeerSocket) {
        guard let search else { return }
        checkDeadline = search.begun + search.timeout
        lane.schedule(self, at: nextDeadline)
        do throws(SystemError) {
            try socket.watch(on: lane)
            try sendRequest(to: socket)
            guard has(socket), settings.expect != nil else { return }
            if try exchange(with: socket) { lane.giveTurn(to: socket) }
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
            return try exchange(with: socket) ? .again : .done
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
    /// Whether the bytes contain `words`. (The standard library's search would link its regular expressions.)
    fileprivate func holds(_ words: [UInt8]) -> Bool {
        guard count >= words.count else { return false }
        return (0...count - words.count).contains { self[$0...].starts(with: words) }
    }
}
