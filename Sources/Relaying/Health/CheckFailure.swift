// SPDX-License-Identifier: Apache-2.0

/// Why an active check of an upstream failed.
package enum CheckFailure: Hashable, Sendable {
    /// The connection could not be established: errno.
    case connect(CInt)
    /// The connection failed: errno.
    case broken(CInt)
    /// The upstream closed the connection before the expected answer.
    case closed
    /// The check took longer than `timeout`.
    case timedOut
    /// The answer differs from the expected one.
    case unexpectedAnswer
}
