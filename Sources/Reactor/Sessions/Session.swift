// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
public import Records

/// The life of a connection or of a flow, from accept to close: what is known of it, what it has moved, when it has to end.
///
/// It has no socket: that is a ``StreamSession``'s, or the port's of a ``Flow``. A subclass overrides ``admit()``,
/// ``start()``, ``ready(_:)``, ``deadlineReached()``, ``endTimedOut()``, ``stop(_:by:)``, ``ended(_:)`` and ``snapshot()``; it
/// never sees epoll, the log or the limits.
///
/// Concurrency: everything happens on the lane's thread, one call at a time, so there is nothing to lock.
open class Session: Pollable {
    // What every event looks at is declared first, or last, next to the stream of a subclass: with thousands of connections,
    // each line of the processor's cache that a message touches costs about as much as all the rest that is done here.

    /// Whether it has not ended.
    public internal(set) final var isOpen = true

    /// Whether the `open` record was written, so that a `close` record has to follow.
    final var isAnnounced = false

    /// The lane of the session.
    public final let lane: Lane

    /// When the last byte moved, by ``Lane/now``: what `idle-timeout` counts from.
    public final var lastActivity: UInt64

    /// Bytes that came from the client.
    public final var bytesIn: UInt64 = 0

    /// Bytes that the kernel took for the client.
    public final var bytesOut: UInt64 = 0

    /// What is known of it.
    public final let identity: Identity

    /// The places that it takes; nil once it has ended.
    final var admittance: Admittance?

    /// When the end has taken long enough; ``UInt64/max`` while it has not begun.
    final var endDeadline = UInt64.max

    /// When ``deadlineReached()`` is to be called, by ``Lane/now``; nil for never.
    public final var ownDeadline: UInt64? {
        // The earliest of all: the lane keeps one time for each session.
        didSet { if ownDeadline != nil, let next = nextDeadline { lane.schedule(self, at: next) } }
    }

    init(_ identity: Identity, lane: Lane) {
        self.lane = lane
        self.identity = identity
        lastActivity = identity.accepted
        super.init()
    }

    // MARK: - What a subclass says

    /// Whether the client may come in, as far as its service is concerned. Called before the `open` record.
    ///
    /// - Returns: why not.
    open func admit() -> Refusal? { nil }

    /// Called once: after the `open` record, if one is written.
    open func start() {}

    /// ``ownDeadline`` has passed.
    open func deadlineReached() {}

    /// Called when a reload, a drain, a limit or an operator ends the session. Closes it.
    ///
    /// An override may say good-bye first, within the time that ``limitEnd()`` sets.
    open func stop(_ reason: CloseReason, by party: CloseParty) {
        close(reason, by: party)
    }

    /// The time that ``limitEnd()`` set is over.
    open func endTimedOut() {}

    /// Called after the socket was closed and the last record, `close` or `refused`, was written.
    open func ended(_ reason: CloseReason) {}

    /// What its records say beside the bytes. Asked for the `close` record when ``isOpen`` is false: then what was held for a
    /// peer counts as dropped.
    open func snapshot() -> SessionSnapshot { SessionSnapshot() }

    // MARK: - The end

    /// How long a session may take over its end, in nanoseconds.
    static let lingerTime: UInt64 = 5_000_000_000

    /// Gives the session five seconds to end; then ``endTimedOut()`` is called.
    public final func limitEnd() {
        endDeadline = min(endDeadline, lane.now + Self.lingerTime)
        lane.schedule(self, at: endDeadline)
    }

    /// Closes the session now. Does nothing if it is closed.
    public func close(_ reason: CloseReason, by party: CloseParty, errno: CInt = 0) {
        guard isOpen else { return }
        isOpen = false
        lane.retire(self, reason: reason, by: party, errno: errno)
        ended(reason)
    }

    /// Refuses the client, before the `open` record: a `refused` one is written.
    func refuse(_ refusal: Refusal) {
        guard isOpen else { return }
        isOpen = false
        lane.retire(self, refused: refusal)
        ended(.error)
    }

    public final override func deadline(at now: UInt64) -> UInt64? { passDeadlines(at: now) }
}

/// What the records of a session say beside its bytes.
///
/// Made for each record, so it is handed on and never copied.
public struct SessionSnapshot: ~Copyable {
    /// What it has moved, for one that moves datagrams.
    public let datagrams: DatagramTraffic?

    /// The upstream, for one that has to do with one.
    public let upstream: UpstreamTrace?

    /// Puts it together.
    @inlinable
    public init(datagrams: DatagramTraffic? = nil, upstream: consuming UpstreamTrace? = nil) {
        self.datagrams = datagrams
        self.upstream = upstream
    }

    /// How long it took to connect to the upstream, if it is connected to one.
    var connectMicroseconds: UInt64? {
        switch upstream {
        case .some(let trace) where trace.upstream != nil: trace.connectMicroseconds
        default: nil
        }
    }
}
