// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Synchronization

/// The ``Totals`` of a listener or an upstream, in a part for each lane, summed when they are read.
///
/// Concurrency: may be used from every thread. Each part has a mutex of its own, which its lane finds free unless another
/// thread reads at that moment. So a total can be read even while a lane hangs.
public final class LaneTotals: Sendable {
    private final class Part: Sendable {
        let totals = Mutex(Totals())
    }

    /// One for each processor, up to 64. Lanes with higher numbers share them.
    private let parts = (0..<max(1, min(Processors.usable, 64))).map { _ in Part() }

    /// Makes empty totals.
    package init() {}

    /// Counts in the part of a lane.
    package func count(on lane: Lane, _ body: (inout Totals) -> Void) {
        parts[lane.handle.number % parts.count].totals.withLock { body(&$0) }
    }

    /// The sum of all lanes.
    public var sum: Totals {
        parts.reduce(into: Totals()) { sum, part in sum += part.totals.withLock { $0 } }
    }
}
