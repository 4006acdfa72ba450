// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

extension Worker {
    /// What became of what was to be sent.
    public enum Sent: Sendable {
        /// The kernel took all of it.
        case all
        /// Some of it is held until the client reads.
        case held
        /// The connection is closed, perhaps by this very call.
        case closed
    }

    /// How many bytes are held because the client does not take them.
    public final var heldBytes: Int { output.count }

    /// Whether the connection is open and the service has not finished it.
    public final var isServing: Bool { phase == .serving }

    /// Sends the first `count` bytes of what the last read brought.
    public final func sendReceived(_ count: Int) -> Sent {
        lane.input.withBytes(count) { send($0) }
    }

    /// Sends bytes, in their order; what the client does not take at once is held.
    ///
    /// On a socket that keeps the bounds of messages they are one message.
    public final func send(_ bytes: [UInt8]) -> Sent {
        // unsafe: bytes have no padding that could be read.
        unsafe send(bytes.span.bytes)
    }

    /// Sends bytes, in their order; what the client does not take at once is held.
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

    /// Sends as many of the bytes as the client takes now, and holds nothing: for what can be made again.
    ///
    /// If not all of them went, ``outputSent()`` is called once the client takes more.
    ///
    /// - Returns: how many went; nil if the connection is closed, perhaps by this very call, or finished.
    public final func offer(_ bytes: RawSpan) -> Int? {
        guard phase == .serving else { return nil }
        guard output.isEmpty else { return 0 }
        guard let sent = transmit(bytes)?.count else { return nil }
        if sent < bytes.byteCount { wantsRoom = true }
        return sent
    }

    /// Asks for a call of ``turn()`` after the others had theirs: for a service that has more to do than is fair at once.
    /// Until then nothing is read, unless ``readsWhileHolding``.
    public final func requestTurn() {
        wantsTurn = true
        lane.giveTurn(to: self)
    }

    /// Sends what is held.
    ///
    /// - Returns: whether all of it went.
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

    /// Offers bytes to the kernel.
    ///
    /// - Returns: what became of them; nil if the connection broke, which has closed it.
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
            broke(error)
            return nil
        }
    }
}

extension Transfer {
    /// How many bytes went.
    fileprivate var count: Int {
        if case .moved(let count) = self { count } else { 0 }
    }
}
