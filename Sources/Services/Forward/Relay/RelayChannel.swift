// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Relaying

/// The bytes that one direction of a relay holds, in memory or in a pipe, never in both. An idle one holds nothing.
struct RelayChannel {
    /// How the next bytes are moved: copied only, until both streams are known to support splice(2).
    var mode = TransferMode.onlyCopying

    /// How often in a row splice(2) failed.
    private var refusals: UInt8 = 0

    /// After how many failures in a row to copy for good. A single one may concern only the next bytes of the stream.
    private static let mostRefusals: UInt8 = 3

    /// Bytes that were read but not written.
    var held = OutputQueue()

    /// A pipe from the lane's pool, while it has bytes.
    var pipe: Pipe?

    /// Whether bytes are held.
    var isHolding: Bool { pipe != nil || !held.isEmpty }

    /// Notes that splice(2) moved `count` bytes into the pipe.
    mutating func filled(_ count: Int) { mode.moved(count, filled: true) }

    /// Notes that splice(2) moved everything from the pipe to the destination, so both sockets support it.
    mutating func drained() { refusals = 0 }

    /// Notes that splice(2) failed: copies until reads fill the buffer again.
    ///
    /// After several failures in a row it copies for good.
    mutating func refusedToSplice() {
        refusals += 1
        mode = refusals < Self.mostRefusals ? .copying(full: 0) : .onlyCopying
    }

    /// Discards the bytes, and returns the pipe to the pool.
    mutating func discard(into pool: PipePool) {
        if let pipe { pool.give(pipe) }
        pipe = nil
        held = OutputQueue()
    }
}
