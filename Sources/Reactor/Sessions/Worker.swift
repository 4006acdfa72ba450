// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem
public import Records

/// A connection that a service answers itself.
///
/// A subclass handles input by overriding ``start()``, ``received(_:)``, ``inputEnded()``, ``outputSent()``, ``turn()``,
/// ``deadlineReached()``, ``stop(_:by:)`` and ``ended(_:)``. It never sees epoll, the log or the limits. It calls
/// ``send(_:)``, ``sendReceived(_:)``, ``offer(_:)``, ``requestTurn()``, ``finish(_:by:)`` and ``close(_:by:errno:)``.
///
/// Output that the kernel does not take is held, and no input is read meanwhile, which slows down a client that does not
/// read (``readsWhileHolding`` is the exception).
///
/// Concurrency: everything happens on the lane's thread, one call at a time, so there is nothing to lock.
open class Worker: StreamSession {
    final var phase = ConnectionPhase.serving
    final var output = OutputQueue()

    /// Whether ``requestTurn()`` has requested a call of ``turn()``.
    final var wantsTurn = false

    /// Whether ``offer(_:)`` was short, so that ``outputSent()`` is due.
    final var offerWasShort = false

    // MARK: - What a service overrides

    /// Whether it keeps reading while output is held or a requested turn is due. Such a service limits its output itself.
    open var readsWhileHolding: Bool { false }

    /// The client sent `count` bytes, which are in the lane's ``Lane/input`` until the next read.
    open func received(_ count: Int) {}

    /// Called on EOF from the client, which may still read. The connection ends once all output is sent.
    open func inputEnded() {
        finish(.clientClosed, by: .client)
    }

    /// Called when all held output was sent, or when the kernel takes more after a short ``offer(_:)``.
    open func outputSent() {}

    /// Called for the turn that ``requestTurn()`` requested. Input that was not read until then is read afterwards.
    open func turn() {}

    // MARK: - What the lane calls

    /// Sends held output, then reads input.
    public final override func ready(_ readiness: Readiness) -> Turn {
        let readiness = client.note(readiness)
        if !output.isEmpty {
            if !flush(), phase != .serving || !readsWhileHolding { return .done }
        } else if offerWasShort, readiness.contains(.writable) {
            offerWasShort = false
            if phase == .serving { outputSent() }
        }
        if wantsTurn {
            wantsTurn = false
            if phase == .serving { turn() }
        }
        switch phase {
        case .serving: return mayRead ? read() : .done
        case .lingering: return discardInput()
        case .flushing, .closed: return .done
        }
    }

    /// Closes the connection now; held output is lost. Does nothing if it is closed.
    public final override func close(_ reason: CloseReason, by party: CloseParty, errno: CInt = 0) {
        guard isOpen else { return }
        phase = .closed
        output = OutputQueue()
        super.close(reason, by: party, errno: errno)
    }

    /// Closes a connection that takes too long to send its output or to wait for EOF.
    public final override func endTimedOut() {
        switch phase {
        case .flushing(let ending), .lingering(let ending): close(ending.reason, by: ending.by)
        case .serving, .closed: break
        }
    }

    /// Whether to read input now.
    final var mayRead: Bool { output.isEmpty && !wantsTurn || readsWhileHolding }
}
