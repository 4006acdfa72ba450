// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem
public import Records

/// A connection whose client talks with a service.
///
/// A subclass says what to do with what comes in, by overriding ``start()``, ``received(_:)``, ``inputEnded()``,
/// ``outputSent()``, ``turn()``, ``deadlineReached()``, ``stop(_:by:)`` and ``ended(_:)``. It never sees epoll, the log or
/// the limits. What it calls: ``send(_:)``, ``sendReceived(_:)``, ``offer(_:)``, ``requestTurn()``, ``finish(_:by:)``,
/// ``close(_:by:errno:)``.
///
/// Output that the client does not take is held, and no input is read meanwhile: the slow side stops the fast one
/// (``readsWhileHolding`` is the exception).
///
/// Concurrency: everything happens on the lane's thread, one call at a time, so there is nothing to lock.
open class Worker: StreamSession {
    final var phase = ConnectionPhase.serving
    final var output = OutputQueue()

    /// Whether a call of ``turn()`` was asked for.
    final var wantsTurn = false

    /// Whether what was offered did not all go.
    final var wantsRoom = false

    // MARK: - What a service says

    /// Whether it reads on while the client does not take what it was sent, or while it waits for a turn that it asked
    /// for. A service that says yes bounds what it sends.
    open var readsWhileHolding: Bool { false }

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

    // MARK: - What the lane calls

    /// Sends what was held, then reads what there is.
    public final override func ready(_ readiness: Readiness) -> Turn {
        let readiness = client.note(readiness)
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

    /// Closes the connection now; what is held is lost. Does nothing if it is closed.
    public final override func close(_ reason: CloseReason, by party: CloseParty, errno: CInt = 0) {
        guard isOpen else { return }
        phase = .closed
        output = OutputQueue()
        super.close(reason, by: party, errno: errno)
    }

    /// Ends a connection that is on its way out and takes too long.
    public final override func endTimedOut() {
        switch phase {
        case .flushing(let ending), .lingering(let ending): close(ending.reason, by: ending.by)
        case .serving, .closed: break
        }
    }

    /// Whether input is wanted as things stand.
    final var readsOn: Bool { output.isEmpty && !wantsTurn || readsWhileHolding }
}
