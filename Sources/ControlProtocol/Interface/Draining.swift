// SPDX-License-Identifier: Apache-2.0

/// How the drain of a listener ended.
package enum DrainOutcome: String, Codable, Sendable {
    /// No connection is left.
    case drained
    /// An operator has resumed the listener before.
    case resumed
    /// A reload has removed the listener before.
    case removed
}

extension ControlParameters {
    /// Of `Drain`.
    package struct Drain: VarlinkParameters, Codable, Hashable, Sendable {
        package var listener: String
        /// After how many microseconds the connections that are left are closed; nil for never.
        package var timeoutMicroseconds: UInt64?
        /// Over how many microseconds they are closed; nil for all at once.
        package var overMicroseconds: UInt64?

        package init(listener: String, timeoutMicroseconds: UInt64? = nil, overMicroseconds: UInt64? = nil) {
            self.listener = listener
            self.timeoutMicroseconds = timeoutMicroseconds
            self.overMicroseconds = overMicroseconds
        }

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case listener
            case timeoutMicroseconds = "timeout_us"
            case overMicroseconds = "over_us"
        }
    }
}

extension ControlResults {
    /// Of `Drain`.
    package struct Drain: Codable, Hashable, Sendable {
        package var outcome: DrainOutcome
        /// How many connections ended by themselves.
        package var ended: UInt64
        /// How many were closed after the timeout.
        package var closed: UInt64
        /// How many are open.
        package var left: Int

        package init(outcome: DrainOutcome, ended: UInt64, closed: UInt64, left: Int) {
            self.outcome = outcome
            self.ended = ended
            self.closed = closed
            self.left = left
        }
    }
}
