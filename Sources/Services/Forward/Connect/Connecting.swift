// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// What an ``UpstreamConnector`` has in hand until an upstream stands. Most connections have it for a moment; an idle relay
/// of streams has none.
///
/// Concurrency: belongs to the lane of its connection.
final class Connecting {
    /// What the attempts wait for.
    enum Wait: Equatable {
        /// Nothing: sockets are on their way, or nothing was begun.
        case sockets
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
        var error: SystemError
        var party: FaultParty
        /// When it is tried again.
        var time: UInt64
    }

    /// The members that were tried, the one that is being tried too.
    var tried = MemberSet()

    /// The addresses of the member, and the race between them.
    var addresses: [SocketAddress] = []
    var race = ConnectRace([])

    /// The sockets on their way.
    var sockets = Attempts()

    /// Whether the client is about to be looked at for the first time, so that what it has sent can go at once; and
    /// whether an attempt waits for that look.
    var maySendEarly = false
    var awaitsClient = false

    var wait = Wait.sockets

    /// When the attempt at this member began, when it has failed, and when the next address may be tried.
    var begun: UInt64 = 0
    var deadline = UInt64.max
    var nextStart = UInt64.max

    /// Until when it waits for room, since when it has been in the line, and how long it was there before.
    var roomDeadline = UInt64.max
    private var linedUp: UInt64?
    private var timeInLine: UInt64 = 0

    /// Why the name of the member could not be resolved the last time.
    var lookupFailure: String?

    private var pause = RetryPause()

    /// What was not reached, and how.
    var failures: [String] = []
    var attempts = 0

    /// Whether an upstream was to blame for a failure, and whether this host or its name service was.
    var upstreamHasFailed = false
    var isHostToBlame = false

    /// What this host lacked last.
    var hostError: SystemError?

    /// The connection among those of the group, and where it comes from.
    let ticket: UInt64
    let source: UInt64

    init(ticket: UInt64, source: UInt64) {
        self.ticket = ticket
        self.source = source
    }

    /// It is in the line of the upstreams, from now on if it was not before.
    func lineUp(at now: UInt64) {
        if linedUp == nil { linedUp = now }
    }

    /// It has left the line.
    func leaveLine(at now: UInt64) {
        timeInLine = queueTime(at: now)
        linedUp = nil
    }

    /// Nanoseconds that it has spent in the line.
    func queueTime(at now: UInt64) -> UInt64 {
        guard let linedUp else { return timeInLine }
        return timeInLine + Clock.span(from: linedUp, to: now)
    }

    /// The next time at which there is something to do; `UInt64.max` for never.
    var nextDeadline: UInt64 {
        var next = min(deadline, nextStart, roomDeadline)
        if case .resources(let shortage) = wait { next = min(next, shortage.time) }
        return next
    }

    /// Waits until something that is used up may be free again.
    ///
    /// - Parameter index: the address to be tried again; nil for the whole race.
    func wait(for error: SystemError, _ party: FaultParty, index: Int?, at now: UInt64) {
        wait = .resources(Shortage(index: index, error: error, party: party, time: now + pause.take()))
    }

    /// Another member is tried now.
    func begin(_ index: Int, at now: UInt64, timeout: UInt64) {
        tried.insert(index)
        attempts += 1
        lookupFailure = nil
        roomDeadline = .max
        begun = now
        deadline = now + timeout
        nextStart = .max
        pause = RetryPause()
    }

}
