// SPDX-License-Identifier: Apache-2.0

/// Copies of the messages that an upstream of datagrams was sent, or is to be sent, before it has answered any: if it refuses,
/// another one gets them. Pure.
package struct UnansweredMessages {
    /// How many bytes, and how many messages, are kept.
    package static let mostBytes = 16 << 10
    package static let mostMessages = 16

    /// The messages, in the order in which they went.
    package private(set) var messages: [[UInt8]] = []
    private var bytes = 0

    /// Whether these are all that went, and no answer has come: only then can another upstream take over.
    package private(set) var isWhole = true

    /// Whether one more message can be kept.
    package func hasRoom(for message: RawSpan) -> Bool {
        bytes + message.byteCount <= Self.mostBytes && messages.count < Self.mostMessages
    }

    /// Keeps a message. If there is no room for it, all are forgotten: no other upstream could get all of them.
    package mutating func note(_ message: RawSpan) {
        guard isWhole else { return }
        guard hasRoom(for: message) else { return forget() }
        bytes += message.byteCount
        var copy: [UInt8] = []
        copy.append(copying: message)
        messages.append(copy)
    }

    /// An answer has come, or more has gone than is kept.
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
