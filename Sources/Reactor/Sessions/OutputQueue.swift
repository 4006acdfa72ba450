// SPDX-License-Identifier: Apache-2.0

/// Output that the kernel has not taken yet. Holds no memory while it is empty.
package struct OutputQueue {
    private var bytes: [UInt8] = []
    private var head = 0

    /// The lengths of the queued messages, for a socket that keeps message boundaries; empty for a stream.
    private var messages: [Int] = []

    /// Makes an empty queue.
    package init() {}

    /// How many bytes are queued.
    package var count: Int { bytes.count - head }

    /// Whether nothing is queued, not even an empty message.
    package var isEmpty: Bool { head == bytes.count && messages.isEmpty }

    /// Appends bytes; on a socket that keeps message boundaries they are one message.
    package mutating func append(_ span: RawSpan, asMessage: Bool) {
        // At least half of the array was sent: moving the rest costs no more than sending that did.
        if head > 0, head >= bytes.count - head {
            bytes.removeSubrange(..<head)
            head = 0
        }
        bytes.reserveCapacity(bytes.count + span.byteCount)
        // unsafe: the span's bytes are copied while it is borrowed.
        unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        if asMessage { messages.append(span.byteCount) }
    }

    /// Inserts bytes before the queued ones of a stream.
    package mutating func prepend(_ header: [UInt8]) {
        bytes.insert(contentsOf: header, at: head)
    }

    /// Calls `body` with what to send next: the next message, or all bytes of a stream.
    package func withNext<Result, Failure>(_ body: (RawSpan) throws(Failure) -> Result) throws(Failure) -> Result {
        let end = messages.first.map { head + $0 } ?? bytes.count
        // unsafe: bytes have no padding that could be read.
        return try unsafe body(bytes.span.extracting(head..<end).bytes)
    }

    /// Removes bytes that were sent, and frees the memory once all were.
    package mutating func consume(_ sent: Int) {
        head += sent
        if !messages.isEmpty { messages.removeFirst() }
        if isEmpty { self = OutputQueue() }
    }
}
