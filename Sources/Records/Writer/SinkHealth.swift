// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Whether a sink takes records, and what to say when that changes. Pure: it knows no sink, clock or queue.
enum SinkHealth: Equatable, Sendable {
    /// It takes records.
    case working

    /// It does not, and has lost so many since it began to fail.
    case failing(lost: UInt64)

    /// What the writer has to do next.
    enum Action: Equatable, Sendable {
        /// Nothing.
        case none

        /// Say on the other sinks that this one fails.
        case announceFailure(SystemError)

        /// Try the failing sink: give it a `log-resumed` record that tells of so many lost ones.
        case probe(lost: UInt64)
    }

    /// The sink is about to be given records, or the pause after a failure is over.
    func beforeWrite() -> Action {
        switch self {
        case .working: .none
        case .failing(let lost): .probe(lost: lost)
        }
    }

    /// The sink took a probe.
    mutating func probeSucceeded() {
        self = .working
    }

    /// The sink lost records.
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

    /// Records were not even tried because a probe failed.
    mutating func skipped(_ count: Int) {
        if case .failing(let lost) = self { self = .failing(lost: lost + UInt64(count)) }
    }
}
