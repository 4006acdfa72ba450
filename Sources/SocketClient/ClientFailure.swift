// SPDX-License-Identifier: Apache-2.0

/// Why a client failed: an exit status and a message.
public struct ClientFailure: Error, Equatable, Sendable {
    /// The cause of a failure, as an exit status of sysexits.h.
    public enum Reason: CInt, CaseIterable, Sendable {
        /// `EX_USAGE`: the command line is invalid.
        case usage = 64
        /// `EX_DATAERR`: a line of the input cannot be sent.
        case badInput = 65
        /// `EX_NOHOST`: a name does not resolve.
        case notResolved = 68
        /// `EX_UNAVAILABLE`: connection refused.
        case refused = 69
        /// `EX_OSERR`: this kernel does not support the address family.
        case noFamily = 71
        /// `EX_CANTCREAT`: the local address cannot be bound.
        case notOurs = 73
        /// `EX_IOERR`: any other error of the network or of the system.
        case broken = 74
        /// `EX_TEMPFAIL`: timed out.
        case timedOut = 75
        /// `EX_PROTOCOL`: the peer reset the connection.
        case reset = 76
        /// `EX_NOPERM`: permission denied.
        case denied = 77
    }

    /// The cause, which decides the exit status.
    public let reason: Reason

    /// What happened, where, and what to do; without a full stop.
    public let message: String

    /// Makes a failure.
    public init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
