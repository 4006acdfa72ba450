// SPDX-License-Identifier: Apache-2.0

/// An action that a ``Dialogue`` requests; actions are carried out in order.
public enum DialogueAction: Equatable, Sendable {
    /// Send these bytes; on a socket with messages they are one message.
    case send([UInt8])
    /// Shut down the write side after everything was sent.
    case finishSending
    /// Write received bytes to standard output.
    case show([UInt8])
    /// Print a message to standard error: a sentence without a full stop.
    case say(String)
    /// End the dialogue; no action follows.
    case end(DialogueEnd)
}
