// SPDX-License-Identifier: Apache-2.0

import Records

/// How far a connection has come on its way out.
///
/// A service that has said everything must not simply close: what the client still sends would meet a closed socket, the
/// kernel would answer with a reset, and the reset may overtake what the service said last (RFC 1122, 4.2.2.13). So the
/// writing side is shut down, the client is read until its end, and then the socket is closed.
enum ConnectionPhase: Equatable {
    /// The service and the client talk.
    case serving

    /// The service is done; what it said last is not all sent yet.
    case flushing(Ending)

    /// Everything is sent, and so is our end. What the client sends is thrown away until its end comes.
    case lingering(Ending)

    /// The socket is closed.
    case closed

    /// What the close record will say.
    struct Ending: Equatable {
        var reason: CloseReason
        var by: CloseParty
        /// Whether the client has finished too, so that there is nothing to wait for.
        var clientFinished: Bool
    }

    /// What to do now.
    enum Action: Equatable {
        /// Nothing.
        case none
        /// Shut down the writing side, and read what the client still sends.
        case finishWriting
        /// Close the socket.
        case close(Ending)
    }

    /// The service has nothing more to say.
    mutating func finish(_ ending: Ending, outputIsEmpty: Bool) -> Action {
        guard self == .serving else { return .none }
        self = .flushing(ending)
        return outputIsEmpty ? outputSent() : .none
    }

    /// Everything that was held has been sent.
    mutating func outputSent() -> Action {
        guard case .flushing(let ending) = self else { return .none }
        if ending.clientFinished {
            self = .closed
            return .close(ending)
        }
        self = .lingering(ending)
        return .finishWriting
    }

    /// The end of what the client sends was read while nobody serves it any more.
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
