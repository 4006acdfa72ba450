// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Reactor

/// Checks one upstream from time to time: connects, says what is to be said, and looks for what is to be answered.
///
/// What each check came to goes into ``Upstream``, which decides what follows from it and outlives this.
///
/// Concurrency: belongs to one lane, as its sockets do.
final class HealthProbe: Pollable {
    /// The most of an answer that is looked through.
    private static let longestAnswer = 64 << 10

    private let upstream: Upstream
    private let settings: HealthSettings
    private let interval: UInt64
    private let timeout: UInt64
    private let group: UpstreamGroup
    private let lane: Lane

    private var socket: ProbeSocket?
    private var answer: [UInt8] = []
    private var nextStart: UInt64 = 0
    private var checkDeadline = UInt64.max

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
        closeSocket()
        lane.forget(self)
    }

    override func deadline(at now: UInt64) -> UInt64? {
        if checkDeadline <= now { failed(.timedOut) }
        if nextStart <= now {
            nextStart = now + interval
            check()
        }
        return min(nextStart, checkDeadline)
    }

    // MARK: - One check

    private func check() {
        // One that is not over by now would be the timeout's; a timeout is never longer than the interval.
        closeSocket()
        checkDeadline = lane.now + timeout
        switch upstream.place {
        case .fixed(let address): connect(to: address)
        case .named(let resolution):
            switch resolution.addresses(
                at: lane.now, interval: group.resolveInterval, waiter: Waiter(self, on: lane))
            {
            case .addresses(let addresses):
                if let first = addresses.first { connect(to: first) } else { failed(.unresolved("no address")) }
            case .failed(let reason): failed(.unresolved(reason))
            case .pending: break
            }
        }
    }

    private func connect(to address: SocketAddress) {
        do throws(SystemError) {
            let descriptor = try OutgoingSocket.make(upstream.kind, for: address, from: group.settings.source)
            let socket = ProbeSocket(descriptor, to: address, probe: self)
            let stands = try OutgoingSocket.connect(socket.raw, to: address)
            try lane.watch(socket, socket.raw)
            self.socket = socket
            if stands { connected(socket) }
        } catch {
            switch error.errno {
            // That this host is short of something says nothing of the upstream.
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: checkDeadline = .max
            default: failed(.connect(error.errno))
            }
        }
    }

    func ready(_ socket: ProbeSocket, _ readiness: Readiness) {
        guard socket === self.socket else { return }
        if !socket.isConnected {
            do throws(SystemError) {
                if !readiness.isDisjoint(with: [.error, .hangUp]) { try OutgoingSocket.finish(socket.raw) }
            } catch {
                return failed(.connect(error.errno))
            }
            guard readiness.contains(.writable) else { return }
            connected(socket)
        } else if !readiness.isDisjoint(with: .anyInput) {
            read(socket)
        }
    }

    private func connected(_ socket: ProbeSocket) {
        socket.isConnected = true
        answer = []
        do throws(SystemError) {
            let header = try group.header(forCheckOf: socket.address, from: socket.raw) ?? []
            // In one write, since it may be a datagram. A new socket takes a few kilobytes at once, and they are no longer.
            let words = header + (settings.send ?? [])
            if !words.isEmpty, try !socket.send(words, upstream.kind) { return failed(.broken(EAGAIN)) }
        } catch {
            return failed(.broken(error.errno))
        }
        if settings.expect == nil { succeeded() } else { read(socket) }
    }

    private func read(_ socket: ProbeSocket) {
        guard let expected = settings.expect else { return }
        while answer.count < Self.longestAnswer {
            do throws(SystemError) {
                switch try lane.input.receive(from: socket.raw, atMost: Self.longestAnswer - answer.count) {
                case .wouldBlock: return
                case .endOfStream: return failed(answer.isEmpty ? .closed : .unexpectedAnswer)
                case .moved(let count):
                    // unsafe: the bytes are copied while the span is borrowed.
                    lane.input.withBytes(count) { bytes in
                        unsafe bytes.withUnsafeBytes { unsafe answer.append(contentsOf: $0) }
                    }
                }
            } catch {
                return failed(.broken(error.errno))
            }
            if answer.holds(expected) { return succeeded() }
        }
        failed(.unexpectedAnswer)
    }

    private func succeeded() {
        closeSocket()
        if let change = upstream.checkSucceeded(at: lane.now) { group.tell(change, of: upstream, on: lane) }
    }

    private func failed(_ failure: CheckFailure) {
        closeSocket()
        if let change = upstream.checkFailed(failure, at: lane.now) { group.tell(change, of: upstream, on: lane) }
    }

    private func closeSocket() {
        checkDeadline = .max
        // A reset leaves no port in TIME_WAIT, here or there; the check has all that it wanted.
        if let socket { try? StreamSocket.resetOnClose(socket.raw) }
        socket?.close(on: lane)
        socket = nil
        answer = []
    }
}

extension HealthProbe: Waiting {
    /// The name is resolved.
    func resume() {
        guard checkDeadline != .max, socket == nil else { return }
        let deadline = checkDeadline
        check()
        // It is the same check.
        if checkDeadline != .max { checkDeadline = deadline }
    }
}

extension [UInt8] {
    /// Whether the words are anywhere in it. (The standard library's own search brings its regular expressions along.)
    fileprivate func holds(_ words: [UInt8]) -> Bool {
        guard count >= words.count else { return false }
        return (0...count - words.count).contains { self[$0...].starts(with: words) }
    }
}
