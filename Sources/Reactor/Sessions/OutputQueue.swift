// SPDX-License-Identifier: Apache-2.0

/// What a peer would not take yet. Empty, it holds no memory.
package struct OutputQueue {
    private var bytes: [UInt8] = []
    private var head = 0

    /// The lengths of the messages that wait, for a socket that keeps the bounds of messages; empty for a stream.
    private var messages: [Int] = []

    /// Makes an empty one.
    package init() {}

    /// How many bytes wait.
    package var count: Int { bytes.count - head }

    /// Whether nothing waits, not even an empty message.
    package var isEmpty: Bool { head == bytes.count && messages.isEmpty }

    /// Appends bytes; on a socket that keeps the bounds of messages they are one message.
    package mutating func append(_ span: RawSpan, asMessage: Bool) {
        // Half of the room is used up: moving the rest costs less than it saved.
        if head > 0, head >= bytes.count - head {
            bytes.removeSubrange(..<head)
            head = 0
        }
        bytes.reserveCapacity(bytes.count + span.byteCount)
        // unsafe: the span's bytes are copied while it is borrowed.
        unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        if asMessage { messages.append(span.byteCount) }
    }

    /// Puts bytes in front of what waits on a stream.
    package mutating func prepend(_ header: [UInt8]) {
        bytes.insert(contentsOf: header, at: head)
    }

    /// Calls `body` with what is to be sent next: the next message, or as many bytes as there are.
    package func withNext<Result, Failure>(_ body: (RawSpan) throws(Failure) -> Result) throws(Failure) -> Result {
        let end = messages.first.map { head + $0 } ?? bytes.count
        // unsafe: bytes have no padding that could be read.
        return try unsafe body(bytes.span.extracting(head..<end).bytes)
    }

    /// Forgets the bytes that were sent, and the memory once all were.
    package mutating func consume(_ sent: Int) {
        head += sent
        if !messages.isEmpty { messages.removeFirst() }
        if isEmpty { self = OutputQueue() }
    }
}
