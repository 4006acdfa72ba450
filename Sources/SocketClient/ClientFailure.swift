// SPDX-License-Identifier: Apache-2.0

/// Why a client could not do what it was to do: an exit status, and a sentence for the person.
public struct ClientFailure: Error, Equatable, Sendable {
    /// What went wrong, told apart by the exit status: sysexits.h.
    public enum Reason: CInt, CaseIterable, Sendable {
        /// `EX_USAGE`: the command line asks for what there is not.
        case usage = 64
        /// `EX_DATAERR`: a line of the input cannot be sent.
        case badInput = 65
        /// `EX_NOHOST`: a name does not resolve.
        case notResolved = 68
        /// `EX_UNAVAILABLE`: nobody listens there.
        case refused = 69
        /// `EX_OSERR`: this kernel does not have the family of sockets.
        case noFamily = 71
        /// `EX_CANTCREAT`: the address that is to be ours cannot be had.
        case notOurs = 73
        /// `EX_IOERR`: any other error of the network or of the system.
        case broken = 74
        /// `EX_TEMPFAIL`: the time has passed.
        case timedOut = 75
        /// `EX_PROTOCOL`: the other side broke the connection off.
        case reset = 76
        /// `EX_NOPERM`: not allowed.
        case denied = 77
    }

    /// What kind of failure it is.
    public let reason: Reason

    /// What happened, where, and what to do; without a full stop.
    public let message: String

    /// Makes a failure.
    public init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
