// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

extension Worker {
    /// The result of sending.
    public enum Sent: Sendable {
        /// The kernel took all of it.
        case all
        /// Some of it is held until the client reads.
        case held
        /// The connection is closed, perhaps by this call.
        case closed
    }

    /// How many bytes are held until the client reads.
    public final var heldBytes: Int { output.count }

    /// Whether the connection is open and the service has not finished it.
    public final var isServing: Bool { phase == .serving }

    /// Sends the first `count` bytes of the last read.
    public final func sendReceived(_ count: Int) -> Sent {
        lane.input.withBytes(count) { send($0) }
    }

    /// Sends bytes in order; what the kernel does not take at once is held.
    ///
    /// On a socket that keeps message boundaries they are one message.
    public final func send(_ bytes: [UInt8]) -> Sent {
        // unsafe: bytes have no padding that could be read.
        unsafe send(bytes.span.bytes)
    }

    /// Sends bytes in order; what the kernel does not take at once is held.
    public final func send(_ bytes: RawSpan) -> Sent {
        guard phase == .serving else { return .closed }
        guard output.isEmpty else {
            output.append(bytes, asMessage: !client.kind.isByteStream)
            return .held
        }
        switch transmit(bytes) {
        case nil:
            return .closed
        case .moved(bytes.byteCount):
            return .all
        case .some(let transfer):
            output.append(bytes.extracting(droppingFirst: transfer.count), asMessage: !client.kind.isByteStream)
            return .held
        }
    }

    /// Sends as many bytes as the kernel takes now and holds none: for output that can be made again.
    ///
    /// If not all of them were sent, ``outputSent()`` is called once the kernel takes more.
    ///
    /// - Returns: how many were sent; nil if the connection is closed, perhaps by this call, or finished.
    public final func offer(_ bytes: RawSpan) -> Int? {
        guard phase == .serving else { return nil }
        guard output.isEmpty else { return 0 }
        guard let sent = transmit(bytes)?.count else { return nil }
        if sent < bytes.byteCount { offerWasShort = true }
        return sent
    }

    /// Requests a call of ``turn()`` after the other connections: for more work than one turn may take.
    ///
    /// Until then nothing is read, unless ``readsWhileHolding``.
    public final func requestTurn() {
        wantsTurn = true
        lane.giveTurn(to: self)
    }

    /// Sends held output.
    ///
    /// - Returns: whether none is held any more.
    final func flush() -> Bool {
        while !output.isEmpty {
            var length = 0
            let sent = output.withNext { bytes in
                length = bytes.byteCount
                return transmit(bytes)
            }
            guard case .moved(let count) = sent else { return false }
            output.consume(count)
            if count < length { return false }
        }
        if phase == .serving { outputSent() } else { perform(phase.outputSent()) }
        return output.isEmpty
    }

    /// Writes bytes to the socket.
    ///
    /// - Returns: how far that got; nil after an error, which has closed the connection.
    private func transmit(_ bytes: RawSpan) -> Transfer? {
        do throws(SystemError) {
            let transfer = try client.write(bytes)
            if case .moved(let count) = transfer {
                bytesOut &+= UInt64(count)
                lastActivity = lane.now
                if count == bytes.byteCount { return transfer }
            }
            awaitWritable()
            return isOpen ? transfer : nil
        } catch {
            closeAfterError(error)
            return nil
        }
    }
}

extension Transfer {
    /// How many bytes were moved.
    fileprivate var count: Int {
        if case .moved(let count) = self { count } else { 0 }
    }
}
