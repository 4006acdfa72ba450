// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor

/// Sends lines without end, as fast as the client reads them: RFC 864. Input from the client is ignored.
///
/// The RFC ends the service when the user "terminates the connection". A client that only shuts down its write side still
/// reads, so it is still served; when it closes, a write fails. `idle-timeout` closes clients that do not read, `lifetime`
/// those that read for ever. Nothing is queued for a client: only its position in the pattern is kept.
final class ChargenWorker: Worker {
    /// How many writes one turn may do where few sockets are ready.
    private static let writesPerTurn = 4

    /// The position in the pattern to continue from.
    private var position = 0

    override var readsWhileHolding: Bool { true }

    override func start() { generate() }

    override func turn() { generate() }

    override func outputSent() { generate() }

    override func inputEnded() {}

    private func generate() {
        let pattern = ChargenPattern.bytes
        for _ in 0..<lane.calls(Self.writesPerTurn) {
            // On a SEQPACKET socket each message is one line: a receiver with a small buffer would lose the rest of a longer
            // one.
            let length = identity.kind.isByteStream ? pattern.count - position : ChargenPattern.lineLength
            // unsafe: bytes have no padding.
            let bytes = unsafe pattern.span.extracting(position..<position + length).bytes
            guard let sent = offer(bytes) else { return }
            position = (position + sent) % ChargenPattern.cycleLength
            if sent < length { return }
        }
        requestTurn()
    }
}
