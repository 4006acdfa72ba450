// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Synchronization

/// The ``Totals`` of a listener or an upstream, a part for each lane, summed when somebody asks.
///
/// Concurrency: may be used from every thread. Each part is behind a lock of its own, which its lane finds free unless
/// somebody reads at that moment: so a total can be read even while a lane hangs.
public final class LaneTotals: Sendable {
    private final class Part: Sendable {
        let totals = Mutex(Totals())
    }

    /// As many as there may be lanes that run at a time.
    private let parts = (0..<max(1, min(Processors.usable, 64))).map { _ in Part() }

    /// Makes totals of nothing.
    package init() {}

    /// Counts something on a lane.
    package func count(on lane: Lane, _ body: (inout Totals) -> Void) {
        parts[lane.handle.number % parts.count].totals.withLock { body(&$0) }
    }

    /// What all lanes have counted.
    public var sum: Totals {
        parts.reduce(into: Totals()) { sum, part in sum += part.totals.withLock { $0 } }
    }
}
