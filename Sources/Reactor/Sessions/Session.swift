// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
public import Records

/// A connection or flow from accept to close: its identity, its byte counts and its deadlines.
///
/// It has no socket: a ``StreamSession`` has one, and a ``Flow`` uses that of its port. A subclass overrides ``admit()``,
/// ``start()``, ``ready(_:)``, ``deadlineReached()``, ``endTimedOut()``, ``stop(_:by:)``, ``ended(_:)`` and ``snapshot()``;
/// it never sees epoll, the log or the limits.
///
/// Concurrency: everything happens on the lane's thread, one call at a time, so there is nothing to lock.
open class Session: Pollable {
    // What every event reads is declared first, or last, next to the stream of a subclass: with thousands of connections,
    // each cache line that a message touches costs about as much as all other work that is done here.

    /// Whether it has not ended yet.
    public internal(set) final var isOpen = true

    /// Whether the `open` record was written, so that a `close` record has to follow.
    final var isAnnounced = false

    /// The lane of the session.
    public final let lane: Lane

    /// When the last byte moved, by ``Lane/now``: what `idle-timeout` counts from.
    public final var lastActivity: UInt64

    /// Bytes received from the client.
    public final var bytesIn: UInt64 = 0

    /// Bytes for the client that the kernel has taken.
    public final var bytesOut: UInt64 = 0

    /// Its number, addresses and listener.
    public final let identity: Identity

    /// Its share of the limits; nil once it has ended.
    final var admittance: Admittance?

    /// When it is closed at the latest, once it is ending; ``UInt64/max`` until then.
    final var endDeadline = UInt64.max

    /// When ``deadlineReached()`` is to be called, by ``Lane/now``; nil for never.
    public final var ownDeadline: UInt64? {
        // The lane keeps one time for each session: schedule the earliest.
        didSet { if ownDeadline != nil, let next = nextDeadline { lane.schedule(self, at: next) } }
    }

    init(_ identity: Identity, _ admittance: consuming Admittance? = nil, lane: Lane) {
        self.lane = lane
        self.identity = identity
        self.admittance = admittance
        lastActivity = identity.accepted
        super.init()
    }

    // MARK: - What a subclass overrides

    /// Asks the service whether it accepts the client. Called before the `open` record.
    ///
    /// - Returns: why it does not; nil if it does.
    open func admit() -> Refusal? { nil }

    /// Called once: after the `open` record, if one is written.
    open func start() {}

    /// Called when ``ownDeadline`` has passed.
    open func deadlineReached() {}

    /// Called when a reload, a drain, a limit or an operator ends the session. Closes it.
    ///
    /// An override may send its last bytes first, within the time that ``limitEnd()`` sets.
    open func stop(_ reason: CloseReason, by party: CloseParty) {
        close(reason, by: party)
    }

    /// Called when the time that ``limitEnd()`` set is over.
    open func endTimedOut() {}

    /// Called after the socket was closed and the last record, `close` or `refused`, was written.
    open func ended(_ reason: CloseReason) {}

    /// What its records say besides the bytes.
    ///
    /// It is read for the `close` record when ``isOpen`` is false: then what is still held for a peer counts as dropped.
    open func snapshot() -> SessionSnapshot { SessionSnapshot() }

    // MARK: - Ending

    /// How long a session may take to end, in nanoseconds.
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

    /// Refuses the client before the `open` record, and writes a `refused` record.
    func refuse(_ refusal: Refusal) {
        guard isOpen else { return }
        isOpen = false
        lane.retire(self, refused: refusal)
        ended(.error)
    }

    public final override func deadline(at now: UInt64) -> UInt64? { passDeadlines(at: now) }
}

/// What the records of a session say besides its bytes.
///
/// Made for each record, so it is passed on and never copied.
public struct SessionSnapshot: ~Copyable {
    /// How many datagrams it has moved; nil for a session of a stream.
    public let datagrams: DatagramTraffic?

    /// The upstream, for a session that is relayed.
    public let upstream: UpstreamTrace?

    /// Makes a snapshot.
    @inlinable
    public init(datagrams: DatagramTraffic? = nil, upstream: consuming UpstreamTrace? = nil) {
        self.datagrams = datagrams
        self.upstream = upstream
    }

    /// How long connecting to the upstream took; nil if none is connected.
    var connectMicroseconds: UInt64? {
        switch upstream {
        case .some(let trace): trace.isConnected ? trace.connectMicroseconds : nil
        case nil: nil
        }
    }
}
