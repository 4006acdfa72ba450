// SPDX-License-Identifier: Apache-2.0

/// The state of the daemon from serving to stopping. Pure: times go in, actions come out.
enum ShutdownState: Equatable {
    /// It serves.
    case serving
    /// It accepts nothing more, and waits for its connections to end, until this time.
    case draining(until: UInt64)
    /// It closes what is left, and ends.
    case stopping

    /// What the caller has to do.
    enum Action: Equatable {
        /// Nothing.
        case none
        /// Stop accepting, and wait for the connections until this time.
        case drain(until: UInt64)
        /// Close what is left, and end.
        case stop
    }

    /// The sum of a time and a timeout, or the highest value if it would overflow.
    static func time(_ now: UInt64, plus timeout: UInt64) -> UInt64 {
        let (sum, overflows) = now.addingReportingOverflow(timeout)
        return overflows ? .max : sum
    }

    /// Called when a signal asks the daemon to stop; the second one means at once.
    mutating func stopRequested(at now: UInt64, timeout: UInt64) -> Action {
        switch self {
        case .serving:
            let end = Self.time(now, plus: timeout)
            self = .draining(until: end)
            return .drain(until: end)
        case .draining:
            self = .stopping
            return .stop
        case .stopping:
            return .none
        }
    }

    /// Called when no lane accepts any more and the last connection has ended.
    mutating func drained() -> Action {
        guard case .draining = self else { return .none }
        self = .stopping
        return .stop
    }

    /// Called when the drain timeout is over.
    mutating func timedOut() -> Action { drained() }
}
