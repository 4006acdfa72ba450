// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem
public import Records

/// What a service makes for one connection: the connection itself, from accept to close.
///
/// A subclass says what to do with what comes in, by overriding ``start()``, ``received(_:)``, ``inputEnded()``,
/// ``outputSent()``, ``turn()``, ``deadlineReached()``, ``stop(_:by:)`` and ``closed()``. It never sees epoll, the log or
/// the limits. What it calls: ``send(_:)``, ``sendReceived(_:)``, ``offer(_:)``, ``requestTurn()``, ``finish(_:by:)``,
/// ``close(_:by:errno:)``.
///
/// Output that the client does not take is held, and no input is read meanwhile: the slow side stops the fast one
/// (``readsWhileHolding`` is the exception).
///
/// Concurrency: everything happens on the lane's thread, one call at a time, so there is nothing to lock.
open class Worker: Pollable {
    /// The lane that it lives on.
    public final let lane: Lane

    /// The connection's number, unique in the life of the daemon.
    public final let identifier: UInt64

    /// Who is at the other end.
    public final let peer: SocketAddress

    /// The address that the client connected to.
    public final let local: SocketAddress

    /// The kind of the socket.
    public final let kind: SocketKind

    /// Who the kernel says the peer is, for Unix sockets.
    public final let credentials: PeerCredentials?

    /// Bytes that came from the client.
    public final internal(set) var bytesIn: UInt64 = 0

    /// Bytes that the kernel took for the client.
    public final internal(set) var bytesOut: UInt64 = 0

    /// The settings under which it came in.
    final let profile: ListenerProfile

    /// When it was accepted, and when the last byte moved, by ``Clock/monotonic``.
    final let accepted: UInt64
    final var lastActivity: UInt64

    /// The socket, nil once closed, and its number.
    final var socket: OwnedDescriptor?
    final let raw: CInt

    final var phase = ConnectionPhase.serving
    final var output = OutputQueue()

    /// Whether a read may find something: set by an event, cleared when all was read.
    final var mayRead = false

    /// Whether a call of ``turn()`` was asked for.
    final var wantsTurn = false

    /// Whether what was offered did not all go.
    final var wantsRoom = false

    /// Whether the client's end was read.
    final var clientHasFinished = false

    /// What the last event said.
    final var readiness: Readiness = []

    /// When the way out has taken long enough.
    final var endDeadline = UInt64.max

    /// When a subclass wants ``deadlineReached()`` to be called, by ``Lane/now``; nil for never.
    public final var ownDeadline: UInt64? {
        didSet { if let ownDeadline { lane.schedule(self, at: ownDeadline) } }
    }

    /// Takes the connection over.
    public init(_ arrival: consuming Arrival, lane: Lane) {
        self.lane = lane
        identifier = arrival.identifier
        peer = arrival.peer
        local = arrival.local
        kind = arrival.kind
        profile = arrival.profile
        credentials = arrival.credentials
        accepted = arrival.accepted
        lastActivity = arrival.accepted
        raw = arrival.descriptor.raw
        socket = arrival.takeDescriptor()
        super.init()
    }

    // MARK: - What a service says

    /// Whether it reads on while the client does not take what it was sent, or while it waits for a turn that it asked
    /// for. A service that says yes bounds what it sends.
    open var readsWhileHolding: Bool { false }

    /// The connection stands. For a service that speaks first.
    open func start() {}

    /// The client sent `count` bytes, which are in the lane's ``Lane/input`` until the next read.
    open func received(_ count: Int) {}

    /// The client has finished sending; it may still read. The connection ends once everything is sent.
    open func inputEnded() {
        finish(.clientClosed, by: .client)
    }

    /// The client took everything that was held, or takes more after it did not take all that was offered.
    open func outputSent() {}

    /// The turn has come that ``requestTurn()`` asked for. What was not read until then is read afterwards.
    open func turn() {}

    /// ``ownDeadline`` has come.
    open func deadlineReached() {}

    /// The connection has to end, for a reason that is not the service's: closes it.
    ///
    /// An override may say goodbye, and then calls ``finish(_:by:)`` or `super`.
    open func stop(_ reason: CloseReason, by party: CloseParty) {
        close(reason, by: party)
    }

    /// The socket was closed and the record written; nothing can be sent any more. For a service to forget the worker.
    open func closed() {}

    // MARK: - What the lane calls

    /// Sends what was held, then reads what there is.
    public final override func ready(_ readiness: Readiness) -> Turn {
        if !readiness.isEmpty { self.readiness = readiness }
        if !readiness.isDisjoint(with: .anyInput) { mayRead = true }
        if !output.isEmpty {
            if !flush(), phase != .serving || !readsWhileHolding { return .done }
        } else if wantsRoom, readiness.contains(.writable) {
            wantsRoom = false
            if phase == .serving { outputSent() }
        }
        if wantsTurn {
            wantsTurn = false
            if phase == .serving { turn() }
        }
        switch phase {
        case .serving: return readsOn ? read() : .done
        case .lingering: return discardInput()
        case .flushing, .closed: return .done
        }
    }

    /// Whether input is wanted as things stand.
    final var readsOn: Bool { output.isEmpty && !wantsTurn || readsWhileHolding }

    final override func deadline(at now: UInt64) -> UInt64? { passDeadlines(at: now) }
}
