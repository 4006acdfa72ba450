// SPDX-License-Identifier: Apache-2.0

/// Why an active check of an upstream failed.
package enum CheckFailure: Hashable, Sendable {
    /// No connection came about: errno.
    case connect(CInt)
    /// The connection broke: errno.
    case broken(CInt)
    /// The upstream closed before what is expected came.
    case closed
    /// It took longer than `timeout`.
    case timedOut
    /// What came is not what is expected.
    case unexpectedAnswer
}
