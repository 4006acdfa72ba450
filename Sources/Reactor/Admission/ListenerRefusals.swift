// SPDX-License-Identifier: Apache-2.0

import Records
import Synchronization

/// The ``RefusalReport`` for each reason, of one listener.
///
/// Concurrency: the lanes of the listener use it from their own threads; the mutex is taken for refusals only.
final class ListenerRefusals: Sendable {
    private let reports = Mutex([RefusalReport](repeating: RefusalReport(), count: Refusal.Kind.allCases.count))

    /// Counts a refusal.
    func note(_ refusal: Refusal, at now: UInt64) -> RefusalReport.Step {
        reports.withLock { $0[refusal.kind.rawValue].note(refusal, at: now) }
    }

    /// Ends the interval of a reason.
    func endInterval(_ kind: Refusal.Kind) -> RefusalReport.Rest? {
        reports.withLock { $0[kind.rawValue].endInterval() }
    }
}
