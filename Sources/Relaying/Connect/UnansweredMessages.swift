// SPDX-License-Identifier: Apache-2.0

/// Copies of the messages sent, or to be sent, to a datagram upstream that has not answered yet. Pure.
///
/// If the upstream refuses, another one gets them.
package struct UnansweredMessages {
    /// The limits in bytes and in messages.
    package static let mostBytes = 16 << 10
    package static let mostMessages = 16

    /// The messages, in the order of sending.
    package private(set) var messages: [[UInt8]] = []
    private var bytes = 0

    /// Whether all messages were kept and no answer has come. Only then can another upstream take over.
    package private(set) var isWhole = true

    /// Whether one more message fits.
    package func hasRoom(for message: RawSpan) -> Bool {
        bytes + message.byteCount <= Self.mostBytes && messages.count < Self.mostMessages
    }

    /// Keeps a message. If it does not fit, all are dropped, since no other upstream could get all of them.
    package mutating func note(_ message: RawSpan) {
        guard isWhole else { return }
        guard hasRoom(for: message) else { return forget() }
        bytes += message.byteCount
        var copy: [UInt8] = []
        copy.append(copying: message)
        messages.append(copy)
    }

    /// Drops the copies: an answer came, or more was sent than can be kept.
    package mutating func forget() {
        messages = []
        isWhole = false
    }

    /// Makes one with these values.
    package init(messages: [[UInt8]] = [], isWhole: Bool = true) {
        self.messages = messages
        self.isWhole = isWhole
    }
}
