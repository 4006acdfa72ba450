// SPDX-License-Identifier: Apache-2.0

/// Why a command over the control socket failed: an exit status and a message.
package struct ControlFailure: Error, Hashable, Sendable {
    /// The cause of a failure, as an exit status.
    package enum Reason: CInt, CaseIterable, Sendable {
        /// The daemon refused: the reload failed, there is no such listener.
        case refused = 1
        /// `EX_USAGE`: the command line is invalid.
        case usage = 64
        /// `EX_UNAVAILABLE`: no daemon, or one that does not answer.
        case unreachable = 69
        /// `EX_IOERR`: the output could not be written.
        case output = 74
        /// `EX_TEMPFAIL`: the timeout of a drain has passed.
        case timedOut = 75
        /// `EX_NOPERM`: permission denied.
        case denied = 77
    }

    /// The cause, which decides the exit status.
    package let reason: Reason

    /// What happened, where, and what to do; without a full stop. Escaped for terminals.
    package let message: String

    /// Makes a failure.
    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
