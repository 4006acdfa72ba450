// SPDX-License-Identifier: Apache-2.0

/// The connections that wait until an upstream has room for them.
package struct QueueStatus: Codable, Hashable, Sendable {
    /// How many wait.
    package var length: Int
    /// `queue-limit`.
    package var limit: Int

    package init(length: Int, limit: Int) {
        self.length = length
        self.limit = limit
    }
}

/// What failed towards an upstream.
package enum UpstreamAttempt: String, Codable, Sendable {
    /// A connection or flow.
    case connection
    /// An active check.
    case check
}

/// An attempt towards an upstream that failed.
package struct UpstreamFailureStatus: Codable, Hashable, Sendable {
    /// When, in microseconds since 1970.
    package var time: UInt64
    package var attempt: UpstreamAttempt
    /// The name of the error: `ECONNREFUSED`; nil if no system call failed.
    package var errno: String?
    /// The failure in words.
    package var reason: String

    package init(time: UInt64, attempt: UpstreamAttempt, errno: String?, reason: String) {
        self.time = time
        self.attempt = attempt
        self.errno = errno
        self.reason = reason
    }
}

/// Why an upstream is down.
package struct OutageStatus: Codable, Hashable, Sendable {
    /// When it went down, in microseconds since 1970.
    package var since: UInt64
    /// What failed.
    package var attempt: UpstreamAttempt
    /// How many failed in a row.
    package var failures: Int
    /// The last one in words.
    package var reason: String
    /// In how many microseconds a connection may try it; nil if that is not known.
    package var retryMicroseconds: UInt64?

    package init(since: UInt64, attempt: UpstreamAttempt, failures: Int, reason: String, retryMicroseconds: UInt64?) {
        self.since = since
        self.attempt = attempt
        self.failures = failures
        self.reason = reason
        self.retryMicroseconds = retryMicroseconds
    }

    private enum CodingKeys: String, CodingKey {
        case since, attempt, failures, reason
        case retryMicroseconds = "retry_us"
    }
}
