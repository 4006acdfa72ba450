// SPDX-License-Identifier: Apache-2.0

/// Copies of what an upstream was sent before it has answered anything: if it refuses, another one gets them.
struct UnansweredMessages {
    /// How many bytes, and how many messages, are kept.
    static let mostBytes = 16 << 10
    static let mostMessages = 16

    /// The messages, in the order in which they went.
    private(set) var messages: [[UInt8]] = []
    private var bytes = 0

    /// Whether these are all that went, and no answer has come: only then can another upstream take over.
    private(set) var isWhole = true

    /// Notes a message that went.
    mutating func note(_ message: RawSpan) {
        guard isWhole else { return }
        guard bytes + message.byteCount <= Self.mostBytes, messages.count < Self.mostMessages else { return forget() }
        bytes += message.byteCount
        var copy: [UInt8] = []
        copy.append(copying: message)
        messages.append(copy)
    }

    /// An answer has come, or more has gone than is kept.
    mutating func forget() {
        messages = []
        isWhole = false
    }
}
