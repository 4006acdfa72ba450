// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How long the turns of a lane take: from the end of one wait to the beginning of the next.
///
/// They are measured only while somebody may ask, since that reads the clock once more in each turn.
///
/// Concurrency: may be used from every thread. The lane finds the mutex free unless another thread reads at that moment.
public final class TurnTimes: Sendable {
    private let askers = Atomic<Int>(0)
    private let times = Mutex(LogHistogram())

    /// Makes an empty histogram; nothing is measured.
    init() {}

    /// Whether turns are measured: while somebody may ask.
    public var isMeasured: Bool { askers.load(ordering: .relaxed) > 0 }

    /// Counts somebody who may ask.
    public func beginMeasuring() { askers.wrappingAdd(1, ordering: .relaxed) }

    /// Counts somebody less.
    public func endMeasuring() { askers.wrappingSubtract(1, ordering: .relaxed) }

    /// The turns that were measured so far, in microseconds.
    public var histogram: LogHistogram { times.withLock { $0 } }

    /// Counts a turn.
    func record(microseconds: UInt64) { times.withLock { $0.record(microseconds) } }
}
