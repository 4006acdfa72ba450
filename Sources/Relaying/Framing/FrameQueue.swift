// SPDX-License-Identifier: Apache-2.0

/// Frames that wait until their stream is writable. An empty queue holds no memory.
///
/// The queue is bounded: messages that arrive while ``hasRoom`` is false are dropped.
package struct FrameQueue {
    /// The limits: bytes that may wait when one more message is added, and messages, however short.
    package static let mostBytes = 128 << 10
    package static let mostMessages = 4096

    private let framing: Framing

    /// The bytes to send, from ``head`` on.
    private var bytes: [UInt8] = []
    private var head = 0

    /// The end of each frame in ``bytes``, from ``firstEnd`` on.
    private var ends: [Int] = []
    private var firstEnd = 0

    /// Makes an empty queue.
    package init(_ framing: Framing) {
        self.framing = framing
    }

    /// How many bytes wait.
    package var count: Int { bytes.count - head }

    /// How many messages wait, including one that was sent in part.
    package var messages: Int { ends.count - firstEnd }

    /// Whether one more message fits.
    package var hasRoom: Bool { count < Self.mostBytes && messages < Self.mostMessages }

    /// Whether nothing waits.
    package var isEmpty: Bool { count == 0 }

    /// Appends a message.
    ///
    /// - Throws: ``FramingMistake/tooLong`` or ``FramingMistake/holdsLineFeed``; then nothing was appended.
    package mutating func append(_ message: RawSpan) throws(FramingMistake) {
        if head > 0, head >= count { drop() }
        bytes.reserveCapacity(bytes.count + message.byteCount + framing.mostOverhead)
        try framing.append(message, to: &bytes)
        ends.append(bytes.count)
    }

    /// Appends each datagram of a batch that the kernel joined (UDP_GRO).
    ///
    /// - Parameters:
    ///   - segment: the length of each datagram except the last; 0 for a single one.
    ///   - noteLost: called for each dropped datagram: with the mistake, or nil if there is no room.
    /// - Returns: how many were dropped.
    package mutating func append(
        joined datagrams: RawSpan, segment: Int, noteLost: (FramingMistake?) -> Void
    ) -> UInt64 {
        var lost: UInt64 = 0
        datagrams.forEachDatagram(segment: segment) { datagram in
            do throws(FramingMistake) {
                if hasRoom { return try append(datagram) }
                noteLost(nil)
            } catch {
                noteLost(error)
            }
            lost += 1
        }
        return lost
    }

    /// Inserts bytes that are not a message, such as a PROXY header, at the front. Nothing may have been sent yet.
    package mutating func prepend(_ header: [UInt8]) {
        precondition(head == 0 && firstEnd == 0)
        bytes.insert(contentsOf: header, at: 0)
        for index in ends.indices { ends[index] += header.count }
    }

    /// Calls `body` with the bytes that wait.
    package func withBytes<Result, Failure>(_ body: (RawSpan) throws(Failure) -> Result) throws(Failure) -> Result {
        // unsafe: bytes have no padding.
        try unsafe body(bytes.span.extracting(head..<bytes.count).bytes)
    }

    /// Removes bytes that were sent.
    ///
    /// - Returns: how many messages were completed with them.
    package mutating func consume(_ sent: Int) -> Int {
        head += sent
        let before = firstEnd
        while firstEnd < ends.count, ends[firstEnd] <= head { firstEnd += 1 }
        let gone = firstEnd - before
        if isEmpty { self = FrameQueue(framing) }
        return gone
    }

    /// Compacts: moves the waiting bytes to the front.
    private mutating func drop() {
        bytes.removeSubrange(..<head)
        ends.removeSubrange(..<firstEnd)
        for index in ends.indices { ends[index] -= head }
        head = 0
        firstEnd = 0
    }
}
