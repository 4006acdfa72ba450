// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem
public import Records

/// A loop that waits for events and lets the workers of its connections answer them.
///
/// All of a connection's state belongs to objects that were made here, so nothing of it is locked. A lane is made on the
/// thread that runs it, inside the one long block of its serial queue (``LaneThread``); a test makes one on its own
/// thread and calls ``turn(waiting:)`` itself.
///
/// Concurrency: not Sendable, on purpose. Other threads hold the ``LaneHandle``, whose messages run here.
public final class Lane {
    /// What other threads hold of this lane.
    public let handle: LaneHandle

    /// The time of this turn: ``Clock/monotonic``, read once after each wait.
    public private(set) var now = Clock.monotonic

    /// The number of this turn.
    package private(set) var turns: UInt64 = 0

    /// What this turn may still do for many because of one: see ``FanOut``.
    package var fanOutLeft = FanOut.perTurn

    /// How many bytes each of those that are ready may move in this turn, about: the more are ready, the less each has, so
    /// that a turn stays short.
    package private(set) var share = Lane.mostShare

    static let mostShare = 1 << 20
    private static let leastShare = 64 << 10
    private static let bytesPerTurn = 16 << 20

    /// The share of each where so many are ready.
    static func share(of ready: Int) -> Int { min(max(bytesPerTurn / max(ready, 1), leastShare), mostShare) }

    /// Where every read goes.
    public let input = InputBuffer()

    /// Where datagrams go.
    package private(set) lazy var datagramBatch = DatagramBatch()

    /// The filters that new streams get.
    package var filters = StreamFilters()

    /// The pipes of relays.
    package let pipes = PipePool()

    /// What the lanes have in common.
    let shared: LaneShared

    /// The lanes among which connections are handed over; set before the first one is accepted.
    let peers: [LaneHandle]

    let records: RecordBuffer
    var poll: EventPoll
    var table = SlotTable()
    var deadlines = DeadlineHeap()
    var listeners: [Int: LaneListener] = [:]

    /// The sockets that are left alone for a while, because there was nothing to accept a connection with.
    var pausedAcceptors: [Acceptor] = []

    /// The sockets that are closed once those that wait in their backlogs are taken, and the heartbeat that is answered then.
    var ending: [IngressSocket] = []
    var pendingHeartbeat: UInt64?

    /// The ports whose flows have answered in this turn.
    private var answering: [DatagramPort] = []

    /// Who did not finish in this turn.
    private var waiting: [Pollable] = []

    /// What was told to the lane, from ``nextMessage`` on not done yet. What is done is nil until there is room to make.
    private var messages: [LaneHandle.Message?] = []
    private var nextMessage = 0

    /// How much ``Sweep`` may still look at in this turn.
    var sweepLooksLeft = Sweep.looksPerTurn

    #if DEBUG
        /// The connections that were handed over and are not adopted yet. Debug builds only.
        var takenSeeds: [SeedParcel] {
            messages.compactMap { if case .adopt(let parcel)? = $0 { parcel } else { nil } }
        }
    #endif

    /// How many messages are done, and how many deadlines are passed, in one turn before the others have theirs: a name that
    /// many wait for, or connections that came together, are many of either at once.
    private static let messagesPerTurn = 32
    private static let deadlinesPerTurn = 64
    private var isEnding = false

    /// Whether the daemon is stopping, so that other lanes may have ended already.
    var isLeaving = false

    /// The token of the eventfd; no slot has it, since a slot's index has 32 bits.
    private static let wakeToken = UInt64.max

    /// Makes the lane of `handle`.
    ///
    /// - Parameter peers: the handles of all lanes, this one's at its own number.
    public init(
        handle: LaneHandle, peers: [LaneHandle], shared: LaneShared, records: RecordBuffer
    ) throws(SystemError) {
        self.handle = handle
        self.peers = peers
        self.shared = shared
        self.records = records
        poll = try EventPoll()
        try poll.add(handle.wake.raw, for: .readable, token: Self.wakeToken)
    }

    /// Runs until ``end()`` was called.
    public func run() {
        while !isEnding { turn(waiting: true) }
        // Messages that were sent before it ran wait for it.
        while !messages.isEmpty { receiveMessages() }
        recordCountedRefusals()
        records.flush()
    }

    /// Whether it is the first of the lanes, which does what one has to do for all.
    package var isFirst: Bool { handle.number == 0 }

    /// Runs `body` on every lane, on this one too, after what each has been told before.
    package func performOnAll(_ body: @escaping @Sendable (Lane) -> Void) {
        for peer in peers { peer.perform(body) }
    }

    /// Lets go of destinations of the log that a reload has put out of use.
    public func followLogSettings() {
        records.followSettings()
    }

    /// Leaves ``run()`` after this turn.
    public func end() {
        isEnding = true
    }

    /// Waits for events, and does what they ask for.
    ///
    /// - Parameter waiting: whether to wait at all if nothing is ready.
    public func turn(waiting canWait: Bool) {
        let count = wait(canWait)
        now = Clock.monotonic
        turns &+= 1
        fanOutLeft = FanOut.perTurn
        sweepLooksLeft = Sweep.looksPerTurn
        share = Self.share(of: count + waiting.count)
        for index in 0..<count {
            let (readiness, token) = poll.event(index)
            if index + 1 < count { table.prefetch(poll.event(index + 1).token) }
            if token == Self.wakeToken {
                takeMessages()
            } else if let pollable = table.occupant(of: token) {
                if pollable.ready(readiness) == .again { giveTurn(to: pollable) }
            }
        }
        // Each of these is nearly always for nothing.
        if !messages.isEmpty { receiveMessages() }
        if !self.waiting.isEmpty { giveTurns() }
        if let earliest = deadlines.earliest, earliest.time <= now { passDeadlines() }
        if !answering.isEmpty { flushPorts() }
        records.flushIfDue(now: now)
    }

    // MARK: - Waiting

    private func wait(_ canWait: Bool) -> Int {
        do throws(SystemError) {
            return try poll.wait(timeout: canWait && waiting.isEmpty && messages.isEmpty ? timeout() : 0)
        } catch {
            // EBADF, EFAULT and EINVAL are all that is left of epoll_wait(2): the lane itself is broken.
            OwnBug.end(because: error)
        }
    }

    /// Milliseconds until the first deadline, rounded up so that it has passed then; nil for none.
    private func timeout() -> CInt? {
        var earliest = deadlines.earliest?.time ?? .max
        if let flush = records.deadline { earliest = min(earliest, flush) }
        guard earliest != .max else { return nil }
        let now = Clock.monotonic
        guard earliest > now else { return 0 }
        return CInt(clamping: (Clock.span(from: now, to: earliest) + 999_999) / 1_000_000)
    }

    /// Lets a pollable go on after the others.
    package func giveTurn(to pollable: Pollable) {
        guard !pollable.waitsForTurn else { return }
        pollable.waitsForTurn = true
        waiting.append(pollable)
    }

    private func giveTurns() {
        let turns = waiting
        waiting.removeAll(keepingCapacity: true)
        for pollable in turns {
            pollable.waitsForTurn = false
            if pollable.slot >= 0, pollable.ready([]) == .again { giveTurn(to: pollable) }
        }
    }

    /// Lets a port send what its flows answer in this turn.
    func flushAfterTurn(_ port: DatagramPort) {
        answering.append(port)
    }

    private func flushPorts() {
        for port in answering { port.flush() }
        answering.removeAll(keepingCapacity: true)
    }

    /// Sees to it that the pollable is asked for its deadline at `time`, or before.
    package func schedule(_ pollable: Pollable, at time: UInt64) {
        guard pollable.slot >= 0 else { return }
        deadlines.schedule(pollable.slot, at: time)
    }

    private func passDeadlines() {
        var left = Self.deadlinesPerTurn
        while left > 0, let (time, slot) = deadlines.earliest, time <= now {
            left -= 1
            deadlines.cancel(slot)
            guard let pollable = table[slot], let next = pollable.deadline(at: now), pollable.slot == slot else {
                continue
            }
            deadlines.schedule(slot, at: next)
        }
    }

    // Not inlined: what it needs of the handle would be looked up in each turn.
    @inline(never)
    private func takeMessages() {
        handle.wake.clear()
        messages += handle.takeMessages().map(Optional.some)
    }

    private func receiveMessages() {
        let end = min(messages.count, nextMessage + Self.messagesPerTurn)
        while nextMessage < end {
            let message = messages[nextMessage].take()
            nextMessage += 1
            switch message {
            case .adopt(let parcel)?: adopt(parcel)
            case .perform(let body)?: body(self)
            case nil: break
            }
        }
        // Half of them at least are done, so that what is moved is paid for by what was done.
        guard nextMessage > 0, nextMessage >= messages.count / 2 else { return }
        messages.removeFirst(nextMessage)
        nextMessage = 0
    }

    #if DEBUG
        /// Whether a pollable is among those that get a turn.
        func isWaiting(_ pollable: Pollable) -> Bool { waiting.contains { $0 === pollable } }

        /// Whether nobody waits for a turn, nor for answers to be sent.
        var turnsAreOver: Bool { waiting.isEmpty && answering.isEmpty }

        /// Whether a token is that of the lane's own eventfd.
        func isWakeToken(_ token: UInt64) -> Bool { token == Self.wakeToken }
    #endif
}
