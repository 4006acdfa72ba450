// SPDX-License-Identifier: Apache-2.0

/// How far the daemon has come on its way out. Pure: times come in, actions go out.
enum ShutdownState: Equatable {
    /// It serves.
    case serving
    /// It accepts nothing more, and its connections may end by themselves.
    case draining(until: UInt64)
    /// It ends.
    case stopping

    /// What to do now.
    enum Action: Equatable {
        /// Nothing.
        case none
        /// Stop accepting, and wait for the connections until then.
        case drain(until: UInt64)
        /// Close what is left, and end.
        case stop
    }

    /// The time so long after another one; the last there is if it would lie beyond that.
    static func time(_ now: UInt64, plus timeout: UInt64) -> UInt64 {
        let (sum, overflows) = now.addingReportingOverflow(timeout)
        return overflows ? .max : sum
    }

    /// A signal asks the daemon to stop; a second one means at once.
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

    /// No lane accepts any more, and the last connection has ended.
    mutating func drained() -> Action {
        guard case .draining = self else { return .none }
        self = .stopping
        return .stop
    }

    /// The time for the connections is over.
    mutating func timedOut() -> Action { drained() }
}
