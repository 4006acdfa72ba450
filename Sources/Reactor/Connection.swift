// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
public import Records

/// One connection of a listener, from accept to close: who it is, what it has moved, when it has to end.
///
/// What is done with its bytes is for a subclass: ``Worker`` talks with the client for a service, and a relay passes the
/// bytes on. A subclass hears of the socket in ``Pollable/ready(_:)``, and of all else in ``start()``,
/// ``deadlineReached()``, ``stop(_:by:)`` and ``closed()``. It never sees epoll, the log or the limits.
///
/// Concurrency: everything happens on the lane's thread, one call at a time, so there is nothing to lock.
open class Connection: Pollable {
    // What every event looks at is declared first, and so lies together: with thousands of connections, each line of the
    // processor's cache that a message touches costs about as much as all the rest that is done here.

    /// The lane that it lives on.
    public final let lane: Lane

    /// Whether it has not ended.
    public private(set) final var isOpen = true

    /// Whether the `open` record was written, so that a `close` record has to follow.
    final var isAnnounced = false

    /// When the last byte moved, by ``Lane/now``: what `idle-timeout` counts from.
    public final var lastActivity: UInt64

    /// Bytes that came from the client.
    public final var bytesIn: UInt64 = 0

    /// Bytes that the kernel took for the client.
    public final var bytesOut: UInt64 = 0

    /// What is known of it.
    public final let identity: Identity

    /// Why it was turned away, if it was.
    final var refusal: Refusal?

    /// When the way out has taken long enough; ``UInt64/max`` while it has not begun.
    final var endDeadline = UInt64.max

    /// When a subclass wants ``deadlineReached()`` to be called, by ``Lane/now``; nil for never.
    public final var ownDeadline: UInt64? {
        // The earliest of all: the lane keeps one time for each connection.
        didSet { if ownDeadline != nil, let next = nextDeadline { lane.schedule(self, at: next) } }
    }

    /// The client's socket; closed for a flow, which has none of its own.
    package final var client: Stream

    /// Takes over a connection that was admitted.
    public init(_ seed: consuming Seed, lane: Lane) {
        self.lane = lane
        identity = seed.identity
        lastActivity = seed.identity.accepted
        client = seed.takeStream()
        super.init()
    }

    /// Begins a flow: see ``Flow``.
    init(_ seed: FlowSeed, lane: Lane) {
        self.lane = lane
        identity = seed.identity
        lastActivity = seed.identity.accepted
        client = Stream(closed: seed.identity.kind)
        super.init()
    }

    // MARK: - What a subclass says

    /// Whether the client may come in, as far as its service is concerned.
    ///
    /// - Returns: why not.
    open func admit() -> Refusal? { nil }

    /// The connection stands.
    open func start() {}

    /// What its records say of datagrams; nil if it moves a stream.
    open var datagrams: DatagramTraffic? { nil }

    /// It is in no table any more, and its last record was written.
    func retired() {}

    /// What its records say of an upstream; nil if it has to do with none.
    open var upstreamTrace: UpstreamTrace? { nil }

    /// Whether the connection's `open` record is written before ``start()``.
    var announcesItself: Bool { true }

    /// ``ownDeadline`` has come.
    open func deadlineReached() {}

    /// The connection has to end, for a reason that does not lie in it: closes it.
    ///
    /// An override may take its leave first, within the time that ``limitEnd()`` sets.
    open func stop(_ reason: CloseReason, by party: CloseParty) {
        close(reason, by: party)
    }

    /// The time that ``limitEnd()`` has set is over.
    open func endTimedOut() {}

    /// The socket was closed and the record written; nothing can be sent any more.
    open func closed() {}

    // MARK: - The end

    /// How long a connection may take over its end, in nanoseconds.
    private static let lingerTime: UInt64 = 5_000_000_000

    /// From now on the connection has five seconds to end; then ``endTimedOut()`` is called.
    public final func limitEnd() {
        endDeadline = min(endDeadline, lane.now + Self.lingerTime)
        lane.schedule(self, at: endDeadline)
    }

    /// Registers for EPOLLOUT after a short write to the client. Idempotent.
    public final func awaitRoom() {
        guard isOpen else { return }
        do throws(SystemError) {
            try lane.awaitWritable(&client, of: self)
        } catch {
            close(.error, by: .daemon, errno: error.errno)
        }
    }

    /// Takes the socket away, for another connection to go on with.
    final func takeClient() -> Stream {
        isOpen = false
        return client.take()
    }

    /// Closes the connection now. Does nothing if it is closed.
    open func close(_ reason: CloseReason, by party: CloseParty, errno: CInt = 0) {
        guard isOpen else { return }
        isOpen = false
        client.close()
        lane.retire(self, reason: reason, by: party, errno: errno)
        retired()
        closed()
    }

    /// Turns the client away. No `open` record was written yet, so a `refused` one is.
    final func refuse(_ refusal: Refusal) {
        self.refusal = refusal
        // The client is told that it was not served; if that fails, it reads an end.
        client.resetOnClose()
        close(.error, by: .daemon)
    }

    public final override func deadline(at now: UInt64) -> UInt64? { passDeadlines(at: now) }
}
