// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem
public import Records

/// An event loop over epoll(7), with the connections that it serves.
///
/// All state of a connection belongs to objects that were made on the lane's thread, so it needs no locks. A lane is made
/// on the thread that runs it, inside the single block of its serial queue (``LaneGroup``); a test makes one on its own
/// thread and calls ``turn(waiting:)`` itself.
///
/// Concurrency: not Sendable, on purpose. Other threads hold the ``LaneHandle``, whose messages run here.
public final class Lane {
    /// The handle through which other threads send messages to this lane.
    public let handle: LaneHandle

    /// The time of this turn: ``Clock/monotonic``, read once after each wait.
    public private(set) var now = Clock.monotonic

    /// The number of this turn.
    package private(set) var turns: UInt64 = 0

    /// The units of work for many clients that are left in this turn: see ``FanOut``.
    package var fanOutLeft = FanOut.perTurn

    /// About how many bytes each ready connection may move in this turn. The more are ready, the fewer, so that a turn
    /// stays short.
    package private(set) var share = Lane.mostShare

    static let mostShare = 1 << 20
    private static let leastShare = 64 << 10
    private static let bytesPerTurn = 16 << 20

    /// The ``share`` of each connection when `ready` connections are ready, in bytes.
    static func share(of ready: Int) -> Int { min(max(bytesPerTurn / max(ready, 1), leastShare), mostShare) }

    /// The buffer into which every read goes.
    public let input = InputBuffer()

    /// The buffer into which datagrams are received.
    package private(set) lazy var datagramBatch = DatagramBatch()

    /// The filters that new streams get.
    package var filters = StreamFilters()

    /// The pipes that relays borrow.
    package let pipes = PipePool()

    /// The state that all lanes share.
    let shared: LaneShared

    /// The handles of all lanes, among which connections are handed over.
    let peers: [LaneHandle]

    let records: RecordBuffer
    var poll: EventPoll
    var table = SlotTable()
    var deadlines = DeadlineHeap()
    var listeners: [Int: LaneListener] = [:]

    /// Acceptors that have paused because the host lacked something, such as descriptors.
    var pausedAcceptors: [Acceptor] = []

    /// Removed ingress sockets with a backlog or flows left, and the heartbeat to answer after that.
    var ending: [IngressSocket] = []
    var pendingHeartbeat: UInt64?

    /// Ports with answers to send at the end of this turn.
    private var answering: [DatagramPort] = []

    /// Pollables that did not finish in this turn and get another one.
    private var waiting: [Pollable] = []

    /// Messages taken from the handle. Those before `nextMessage` are done, and nil until they are removed.
    private var messages: [LaneHandle.Message?] = []
    private var nextMessage = 0

    /// How many slots ``Sweep`` may still look at in this turn.
    var sweepSlotsLeft = Sweep.slotsPerTurn

    #if DEBUG
        /// Connections handed over to this lane and not adopted yet. Debug builds only.
        var takenSeeds: [SeedParcel] {
            messages.compactMap { if case .adopt(let parcel)? = $0 { parcel } else { nil } }
        }
    #endif

    /// The most messages and deadlines handled in one turn. Many come at once when a name is resolved that many wait for,
    /// or when connections that were accepted together time out.
    private static let messagesPerTurn = 32
    private static let deadlinesPerTurn = 64
    private var isEnding = false

    /// Whether the daemon is stopping, so that other lanes may have ended already.
    var isLeaving = false

    /// The token of the eventfd. No pollable has it, since a slot's index is an Int32.
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

    /// Runs turns until ``end()`` was called.
    public func run() {
        while !isEnding { turn(waiting: true) }
        // Messages behind the one that called ``end()``: their senders may wait for them.
        while !messages.isEmpty { receiveMessages() }
        recordCountedRefusals()
        records.flush()
    }

    /// Whether this is the first lane, which does what one lane has to do for all.
    package var isFirst: Bool { handle.number == 0 }

    /// Runs `body` on every lane, including this one, after the messages sent to it before.
    package func performOnAll(_ body: @escaping @Sendable (Lane) -> Void) {
        for peer in peers { peer.perform(body) }
    }

    /// Releases log destinations that a reload has replaced.
    public func followLogSettings() {
        records.followSettings()
    }

    /// Makes ``run()`` return after this turn.
    public func end() {
        isEnding = true
    }

    /// Waits for events and handles them: one iteration of the loop.
    ///
    /// - Parameter waiting: false returns at once if nothing is ready.
    public func turn(waiting canWait: Bool) {
        let count = wait(canWait)
        now = Clock.monotonic
        turns &+= 1
        fanOutLeft = FanOut.perTurn
        sweepSlotsLeft = Sweep.slotsPerTurn
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
        // Checked here, since each is nearly always empty.
        if !messages.isEmpty { receiveMessages() }
        if !self.waiting.isEmpty { giveTurns() }
        if let earliest = deadlines.earliest, earliest.time <= now { passDeadlines() }
        if !answering.isEmpty { flushPorts() }
        records.flushIfDue(now: now)
        if handle.turnTimes.isMeasured {
            handle.turnTimes.record(microseconds: Clock.span(from: now, to: Clock.monotonic) / 1000)
        }
    }

    // MARK: - Waiting

    private func wait(_ canWait: Bool) -> Int {
        do throws(SystemError) {
            return try poll.wait(timeout: canWait && waiting.isEmpty && messages.isEmpty ? timeout() : 0)
        } catch {
            // epoll_wait(2) can only fail with EBADF, EFAULT or EINVAL here (EINTR counts as no event): each is a bug.
            OwnBug.exit(because: error)
        }
    }

    /// Milliseconds until the earliest deadline, rounded up so that it has passed by then; nil for none.
    private func timeout() -> CInt? {
        var earliest = deadlines.earliest?.time ?? .max
        if let flush = records.deadline { earliest = min(earliest, flush) }
        guard earliest != .max else { return nil }
        let now = Clock.monotonic
        guard earliest > now else { return 0 }
        return CInt(clamping: (Clock.span(from: now, to: earliest) + 999_999) / 1_000_000)
    }

    /// Gives a pollable another turn, after the others that are ready.
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

    /// Has a port send the answers of its flows at the end of this turn.
    func flushAfterTurn(_ port: DatagramPort) {
        answering.append(port)
    }

    private func flushPorts() {
        for port in answering { port.flush() }
        answering.removeAll(keepingCapacity: true)
    }

    /// Schedules the call of ``Pollable/deadline(at:)``, in place of the time scheduled before.
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

    // Not inlined: otherwise every turn would load what it needs of the handle.
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
        // Removed once at least half of them are done, so that moving the rest costs no more than handling them did.
        guard nextMessage > 0, nextMessage >= messages.count / 2 else { return }
        messages.removeFirst(nextMessage)
        nextMessage = 0
    }

    #if DEBUG
        /// Whether a pollable waits for another turn.
        func isWaiting(_ pollable: Pollable) -> Bool { waiting.contains { $0 === pollable } }

        /// Whether no pollable waits for another turn, and no port for its answers to be sent.
        var turnsAreOver: Bool { waiting.isEmpty && answering.isEmpty }

        /// Whether a token is that of the lane's own eventfd.
        func isWakeToken(_ token: UInt64) -> Bool { token == Self.wakeToken }
    #endif
}
