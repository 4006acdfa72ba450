// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Relaying

/// What one direction of a relay has in hand: bytes in memory or in a pipe, never in both. At rest it has nothing.
struct RelayChannel {
    /// How the next bytes are moved: copied, unless both streams turn out to be such as splice(2) takes.
    var mode = TransferMode.onlyCopying

    /// How many times in a row the kernel has refused to splice.
    private var refusals: UInt8 = 0

    /// How many refusals in a row make it copy for good. One may be about what was next in the stream alone.
    private static let mostRefusals: UInt8 = 3

    /// What was read and not taken.
    var held = OutputQueue()

    /// The pipe, while bytes are in it.
    var pipe: Pipe?

    /// Whether something is held.
    var isHolding: Bool { pipe != nil || !held.isEmpty }

    /// The kernel has spliced so many bytes into the pipe.
    mutating func filled(_ count: Int) { mode.moved(count, filled: true) }

    /// The kernel has spliced all of the pipe into the destination, so both sockets can be spliced.
    mutating func drained() { refusals = 0 }

    /// The kernel has refused to splice: copies, and tries again once reads fill the buffer, unless it has refused before.
    mutating func refusedToSplice() {
        refusals += 1
        mode = refusals < Self.mostRefusals ? .copying(full: 0) : .onlyCopying
    }

    /// Lets go of what is held.
    mutating func discard(into pool: PipePool) {
        if let pipe { pool.give(pipe) }
        pipe = nil
        held = OutputQueue()
    }
}
