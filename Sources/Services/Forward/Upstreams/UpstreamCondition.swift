// SPDX-License-Identifier: Apache-2.0

import Relaying

/// What is known of an upstream that a status shows, at one moment.
struct UpstreamCondition: Sendable {
    /// An attempt that failed.
    struct Failure: Sendable {
        /// What was attempted, and what came of it.
        enum Cause: Sendable {
            /// A connection or flow, with this errno.
            case connection(errno: CInt)
            /// A check.
            case check(CheckFailure)
        }

        /// By ``LinuxSystem/Clock/monotonic``.
        var time: UInt64
        var cause: Cause
    }

    /// The last failure; nil if there was none.
    var lastFailure: Failure?

    /// Since when it is down, and why; nil while it is up.
    var outage: UpstreamHealth.Outage?
}
