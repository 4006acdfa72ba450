// SPDX-License-Identifier: Apache-2.0

import Glibc

@testable import Relaying

/// Two sockets as the kernel would have them, with as little in them as matters: which bytes have come, how many are
/// taken, what has ended. Bytes are numbered in the order in which a peer sends them.
struct ModelSockets: Hashable {
    /// One socket of the relay, and what its peer has done and seen.
    struct Socket: Hashable {
        /// How many bytes the peer has sent, and how many of them were read.
        var sent: UInt8 = 0
        var read: UInt8 = 0

        /// Whether the peer has finished, and whether it has broken off.
        var hasFinished = false
        var isBroken = false

        /// Whether the error was told: the kernel tells it once (`sock_error`).
        var errorWasTold = false

        /// How many bytes the peer would still take.
        var room: UInt8 = 1

        /// What the peer got: so many bytes, and the end.
        var received: UInt8 = 0
        var sawEnd = false
    }

    var client = Socket()
    var upstream = Socket()

    /// What is held for each, as a count: which bytes they are follows, since none may be left out.
    var heldForClient: UInt8 = 0
    var heldForUpstream: UInt8 = 0

    subscript(side: RelaySide) -> Socket {
        get { side == .client ? client : upstream }
        set { if side == .client { client = newValue } else { upstream = newValue } }
    }

    subscript(heldFor side: RelaySide) -> UInt8 {
        get { side == .client ? heldForClient : heldForUpstream }
        set { if side == .client { heldForClient = newValue } else { heldForUpstream = newValue } }
    }
}

/// The transport of a relay between ``ModelSockets``.
final class ModelTransport: RelayTransport {
    var readsPerTurn: Int { 16 }

    var sockets: ModelSockets

    /// How many bytes a read takes at most, and whether it says when it has emptied a socket.
    let readLength: UInt8
    let tellsEmpty: Bool

    /// How many calls there were: a relay that never rests is found out.
    var calls = 0

    init(_ sockets: ModelSockets, readLength: UInt8, tellsEmpty: Bool) {
        self.sockets = sockets
        self.readLength = readLength
        self.tellsEmpty = tellsEmpty
    }

    func pass(from side: RelaySide) -> RelayStep {
        calls += 1
        precondition(sockets[heldFor: side.other] == 0, "nothing is read while something is held")
        let waiting = sockets[side].sent - sockets[side].read
        guard waiting > 0 else {
            // Behind an end that has come, or without an error to tell, a socket that is gone reads as ended.
            if sockets[side].isBroken {
                if sockets[side].errorWasTold || sockets[side].hasFinished { return .end }
                sockets[side].errorWasTold = true
                return .broken(side, ECONNRESET)
            }
            return sockets[side].hasFinished ? .end : .blocked
        }
        let count = min(waiting, readLength)
        sockets[side].read += count
        let isEmpty = tellsEmpty && count == waiting && !sockets[side].hasFinished && !sockets[side].isBroken
        guard let taken = send(count, to: side.other) else { return .broken(side.other, EPIPE) }
        sockets[heldFor: side.other] = count - taken
        return .moved(isEmpty: isEmpty, isHeld: taken < count)
    }

    func flush(to side: RelaySide) -> RelayStep {
        calls += 1
        precondition(sockets[heldFor: side] > 0, "what is flushed is held")
        guard let taken = send(sockets[heldFor: side], to: side) else { return .broken(side, EPIPE) }
        if taken == 0 { return .blocked }
        sockets[heldFor: side] -= taken
        return .moved(isEmpty: false, isHeld: sockets[heldFor: side] > 0)
    }

    func error(of side: RelaySide) -> CInt {
        calls += 1
        guard sockets[side].isBroken, !sockets[side].errorWasTold else { return 0 }
        sockets[side].errorWasTold = true
        return ECONNRESET
    }

    func finish(_ side: RelaySide) -> CInt {
        calls += 1
        precondition(!sockets[side].sawEnd, "an end is told once")
        if sockets[side].isBroken { return ENOTCONN }
        sockets[side].sawEnd = true
        return 0
    }

    private func send(_ count: UInt8, to side: RelaySide) -> UInt8? {
        precondition(!sockets[side].sawEnd, "nothing is sent behind the end")
        if sockets[side].isBroken {
            sockets[side].errorWasTold = true
            return nil
        }
        let taken = min(count, sockets[side].room)
        sockets[side].room -= taken
        sockets[side].received += taken
        return taken
    }
}
