// SPDX-License-Identifier: Apache-2.0

import Records

/// The state of a connection from serving to closed.
///
/// A service that has sent everything must not close at once: further bytes from the client would reach a closed socket,
/// the kernel would answer with a reset, and the reset may overtake the last bytes of the service (RFC 1122, 4.2.2.13). So
/// the writing side is shut down, the client is read until EOF, and then the socket is closed.
enum ConnectionPhase: Equatable {
    /// The service is serving the client.
    case serving

    /// The service has finished; some of its output is not sent yet.
    case flushing(Ending)

    /// All output is sent, and the writing side is shut down. Input is discarded until EOF.
    case lingering(Ending)

    /// The socket is closed.
    case closed

    /// What the close record will say.
    struct Ending: Equatable {
        var reason: CloseReason
        var by: CloseParty
        /// Whether EOF was read from the client, so that there is nothing to wait for.
        var clientFinished: Bool
    }

    /// What the caller has to do.
    enum Action: Equatable {
        /// Nothing.
        case none
        /// Shut down the writing side, and read until EOF.
        case finishWriting
        /// Close the socket.
        case close(Ending)
    }

    /// Called when the service has finished.
    mutating func finish(_ ending: Ending, outputIsEmpty: Bool) -> Action {
        guard self == .serving else { return .none }
        self = .flushing(ending)
        return outputIsEmpty ? outputSent() : .none
    }

    /// Called when all held output was sent.
    mutating func outputSent() -> Action {
        guard case .flushing(let ending) = self else { return .none }
        if ending.clientFinished {
            self = .closed
            return .close(ending)
        }
        self = .lingering(ending)
        return .finishWriting
    }

    /// Called when EOF was read from the client after the service has finished.
    mutating func clientFinished() -> Action {
        switch self {
        case .serving, .closed:
            return .none
        case .flushing(var ending):
            ending.clientFinished = true
            self = .flushing(ending)
            return .none
        case .lingering(let ending):
            self = .closed
            return .close(ending)
        }
    }
}
