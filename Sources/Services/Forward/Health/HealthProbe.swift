// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor

/// Checks one upstream from time to time: connects, says what is to be said, and looks for what is to be answered.
///
/// It connects as a relay does: to all addresses of a name, from the group's `source`, the first that answers (RFC 8305). Of
/// datagrams, an address answers when what is expected comes from there. A name that does not resolve is the fault of a name
/// server, and such a check says nothing of the upstream.
///
/// What each check came to goes into ``Upstream``, which decides what follows from it and outlives this.
///
/// Concurrency: belongs to one lane, as its sockets do.
final class HealthProbe: Pollable, PeerSocketOwner {
    /// The most of an answer that is looked through.
    private static let longestAnswer = 64 << 10

    private let upstream: Upstream
    private let settings: HealthSettings
    private let interval: UInt64
    private let timeout: UInt64
    private let group: UpstreamGroup
    private let lane: Lane

    private var addresses: [SocketAddress] = []
    private var race = ConnectRace([])
    private var sockets = Attempts()

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
    private var nextAttempt = UInt64.max
    private var checkDeadline = UInt64.max

    /// Whether the name is being resolved.
    private var awaitsAddresses = false

    init(
        of upstream: Upstream, as settings: HealthSettings, for group: UpstreamGroup, on lane: Lane
    ) {
        self.upstream = upstream
        self.settings = settings
        self.group = group
        self.lane = lane
        interval = settings.interval.nanoseconds
        timeout = settings.timeout.nanoseconds
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
        if checkDeadline <= now {
            if awaitsAddresses { endCheck() } else { failed(.timedOut) }
        }
        if nextAttempt <= now {
            nextAttempt = .max
            act(race.delayPassed())
        }
        if nextStart <= now {
            nextStart = now + interval
            check()
        }
        return min(nextStart, nextAttempt, checkDeadline)
    }

    // MARK: - One check

    private func check() {
        // One that is not over by now would be the timeout's; a timeout is never longer than the interval.
        endCheck()
        checkDeadline = lane.now + timeout
        connect()
    }

    private func connect() {
        awaitsAddresses = false
        switch upstream.addresses(for: group, on: lane, waiter: Waiter(self, on: lane)) {
        case .addresses(let found) where !found.isEmpty:
            addresses = found
            race = ConnectRace(found)
            act(race.start())
        case .pending: awaitsAddresses = true
        case .addresses, .failed: endCheck()
        }
    }

    /// Does what the race says, until there is something to wait for.
    private func act(_ first: ConnectRace.Action) {
        var action = first
        while true {
            switch action {
            case .none:
                return
            case .connect(let index, let delay):
                nextAttempt =
                    delay == nil ? .max : lane.now + ConnectRace.delay(of: addresses.count, within: timeout)
                if nextAttempt != .max { lane.schedule(self, at: nextAttempt) }
                action = open(index)
            case .won(let index):
                guard let socket = sockets.take(index: index) else { return }
                closeSockets()
                sockets.append(socket)
                return stands(socket)
            case .failed(let failures):
                guard let failure = failures.last(where: { $0.party == .peer }) ?? failures.last else {
                    return endCheck()
                }
                if let fault = failure.party.hostFault {
                    return cannotCheck(fault, SystemError("connect", errno: failure.errno))
                }
                return failed(.connect(failure.errno))
            }
        }
    }

    private func open(_ index: Int) -> ConnectRace.Action {
        let address = addresses[index]
        do throws(SystemError) {
            let socket = try PeerSocket(
                connectingTo: address, index: index, of: upstream, from: group.settings.source, owner: self, on: lane)
            try socket.watch(on: lane)
            sockets.append(socket)
            guard socket.stream.isConnected else { return .none }
            // That a datagram socket is connected says nothing; a bus, of which nothing is asked, is well if it can be bound.
            guard upstream.kind.isDatagram, settings.expect != nil else { return race.connected(index) }
            return say(to: socket) ? .none : race.attemptFailed(index, errno: EAGAIN)
        } catch {
            let party = FaultParty(error, over: upstream.kind)
            switch party {
            case .host(.descriptors) where lane.pipes.closeResting():
                return open(index)
            case .host(let fault) where fault.isShortage && !fault.isOfPeer:
                // Another address would lack it too.
                cannotCheck(fault, error)
                return .none
            case .usher:
                OwnBug.end(because: error)
            case .peer, .host, .datagram, .pending:
                return race.attemptFailed(index, errno: error.errno, party: party)
            }
        }
    }

    /// That this host lacks something says nothing of the upstream.
    private func cannotCheck(_ fault: HostFault, _ error: SystemError) {
        endCheck()
        lane.lacks(fault, because: error, towards: upstream.recorded, label: group.label)
    }

    func peerReady(_ socket: PeerSocket, _ readiness: Readiness) -> Turn {
        guard sockets.contains(socket) else { return .done }
        do throws(SystemError) {
            guard dialogues[socket.index] == nil else { return try talk(with: socket) ? .again : .done }
            try socket.stream.finishConnecting(readiness)
        } catch {
            broke(socket, error, dialogues[socket.index] == nil ? .connecting : SocketOperation(error.operation))
            return .done
        }
        if socket.stream.isConnected { act(race.connected(socket.index)) }
        return .done
    }

    /// The connection stands.
    private func stands(_ socket: PeerSocket) {
        if upstream.kind.isDatagram, settings.expect != nil { return succeeded() }
        guard say(to: socket) else { return failed(.broken(EAGAIN)) }
        guard sockets.contains(socket), settings.expect != nil else { return }
        do throws(SystemError) {
            if try talk(with: socket) { lane.giveTurn(to: socket) }
        } catch {
            broke(socket, error, SocketOperation(error.operation))
        }
    }

    /// Says what is to be said, as much of it as there is room for.
    ///
    /// - Returns: whether a datagram went. The rest of a stream goes when there is room.
    private func say(to socket: PeerSocket) -> Bool {
        do throws(SystemError) {
            let header = try group.header(forCheckOf: socket.address, from: socket.stream) ?? []
            // In one write, since it may be a datagram.
            dialogues[socket.index] = Dialogue(unsent: header + (settings.send ?? []))
            try send(to: socket)
            return !upstream.kind.isDatagram || dialogues[socket.index]?.unsent.isEmpty != false
        } catch {
            dialogues[socket.index] = dialogues[socket.index] ?? Dialogue(unsent: [])
            broke(socket, error, SocketOperation(error.operation))
            return true
        }
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
            guard sockets.contains(socket), var answer = dialogues[socket.index]?.answer else { return false }
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

    /// An attempt has failed, or the connection has broken. A datagram that is refused leaves the other addresses.
    private func broke(_ socket: PeerSocket, _ error: SystemError, _ operation: SocketOperation) {
        let party = FaultParty(operation, errno: error.errno, over: upstream.kind)
        guard dialogues[socket.index] == nil || upstream.kind.isDatagram else {
            if let fault = party.hostFault { return cannotCheck(fault, error) }
            return failed(.broken(error.errno))
        }
        sockets.take(index: socket.index)?.close(on: lane)
        act(race.attemptFailed(socket.index, errno: error.errno, party: party))
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
        nextAttempt = .max
        awaitsAddresses = false
        race = ConnectRace([])
        dialogues = [:]
        closeSockets()
    }

    private func closeSockets() {
        while let socket = sockets.takeAny() {
            // A reset leaves no port in TIME_WAIT, here or there; the check has all that it wanted.
            socket.stream.resetOnClose()
            socket.close(on: lane)
        }
    }
}

extension HealthProbe: Waiting {
    /// The name is resolved.
    func resume() {
        guard awaitsAddresses, checkDeadline != .max else { return }
        connect()
    }
}

extension [UInt8] {
    /// Whether the words are anywhere in it. (The standard library's own search brings its regular expressions along.)
    fileprivate func holds(_ words: [UInt8]) -> Bool {
        guard count >= words.count else { return false }
        return (0...count - words.count).contains { self[$0...].starts(with: words) }
    }
}
