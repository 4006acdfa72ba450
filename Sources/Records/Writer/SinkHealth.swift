// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Tracks whether a sink works, and what to report when that changes. Pure: it uses no sink, clock or queue.
enum SinkHealth: Equatable, Sendable {
    /// The sink accepts records.
    case working

    /// The sink fails, and has lost this number of records since then.
    case failing(lost: UInt64)

    /// What the writer must do next.
    enum Action: Equatable, Sendable {
        /// Nothing.
        case none

        /// Report the failure on the other sinks.
        case announceFailure(SystemError)

        /// Test the failing sink with a `log-resumed` record that reports this number of lost records.
        case probe(lost: UInt64)
    }

    /// Called before records are written, and when the pause after a failure is over.
    func beforeWrite() -> Action {
        switch self {
        case .working: .none
        case .failing(let lost): .probe(lost: lost)
        }
    }

    /// Called after the sink has written the test record.
    mutating func probeSucceeded() {
        self = .working
    }

    /// Called after the sink lost records.
    mutating func failed(_ error: SystemError, lost count: Int) -> Action {
        switch self {
        case .working:
            self = .failing(lost: UInt64(count))
            return .announceFailure(error)
        case .failing(let lost):
            self = .failing(lost: lost + UInt64(count))
            return .none
        }
    }

    /// Called when records were not tried because the test record failed.
    mutating func skipped(_ count: Int) {
        if case .failing(let lost) = self { self = .failing(lost: lost + UInt64(count)) }
    }
}
