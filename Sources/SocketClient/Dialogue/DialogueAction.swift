// SPDX-License-Identifier: Apache-2.0

/// What a ``Dialogue`` wants done, in this order.
public enum DialogueAction: Equatable, Sendable {
    /// Send these bytes: a message of its own where there are messages.
    case send([UInt8])
    /// Tell the other side, behind all that was sent, that nothing more will come.
    case finishSending
    /// Show what came in, on standard output.
    case show([UInt8])
    /// Tell the person something: a sentence without a full stop.
    case say(String)
    /// It is over; nothing comes behind.
    case end(DialogueEnd)
}
