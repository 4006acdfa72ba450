// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor

/// Sends lines without end, as fast as the client reads them: RFC 864. What the client sends is ignored.
///
/// The RFC ends the service when the user "terminates the connection". A client that only shuts down its writing side
/// still reads, so it is still served; its going away shows as a reset. `idle-timeout` ends those that do not read, and
/// `lifetime` those that read for ever. Nothing is held for a client: only the place in the pattern.
final class ChargenWorker: Worker {
    /// How many times it writes before the others have their turn, where few are ready.
    private static let writesPerTurn = 4

    /// The place in the pattern from which to go on.
    private var position = 0

    override var readsWhileHolding: Bool { true }

    override func start() { generate() }

    override func turn() { generate() }

    override func outputSent() { generate() }

    override func inputEnded() {}

    private func generate() {
        let pattern = ChargenPattern.bytes
        for _ in 0..<lane.calls(Self.writesPerTurn) {
            // A message is a line: whoever reads messages may have no room for more.
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
