// SPDX-License-Identifier: Apache-2.0

/// The frames that a stream has not taken yet. Empty, it holds no memory.
///
/// It is bounded: what comes while ``hasRoom`` is false is lost, as a datagram may be.
package struct FrameQueue {
    /// How many bytes wait at most before the last message, and how many messages, however short.
    package static let mostBytes = 128 << 10
    package static let mostMessages = 4096

    private let framing: Framing

    /// What is to be sent, from ``head`` on.
    private var bytes: [UInt8] = []
    private var head = 0

    /// Where each frame ends in ``bytes``, from ``firstEnd`` on.
    private var ends: [Int] = []
    private var firstEnd = 0

    /// An empty queue.
    package init(_ framing: Framing) {
        self.framing = framing
    }

    /// How many bytes wait.
    package var count: Int { bytes.count - head }

    /// How many messages wait, the one among them of which a part has gone.
    package var messages: Int { ends.count - firstEnd }

    /// Whether one more message may wait.
    package var hasRoom: Bool { count < Self.mostBytes && messages < Self.mostMessages }

    /// Whether nothing waits.
    package var isEmpty: Bool { count == 0 }

    /// Puts a message behind the others.
    ///
    /// - Throws: ``FramingMistake/tooLong`` or ``FramingMistake/holdsLineFeed``; then it was not.
    package mutating func append(_ message: RawSpan) throws(FramingMistake) {
        if head > 0, head >= count { drop() }
        bytes.reserveCapacity(bytes.count + message.byteCount + framing.mostOverhead)
        try framing.append(message, to: &bytes)
        ends.append(bytes.count)
    }

    /// Puts each datagram of those that came joined behind the others.
    ///
    /// - Parameters:
    ///   - segment: the length of each but the last; 0 if it is one.
    ///   - noteLost: is called for each that is lost: with the mistake, or nil where there is no room.
    /// - Returns: how many were lost.
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

    /// Puts bytes that are no message in front of all, before any has gone.
    package mutating func prepend(_ header: [UInt8]) {
        precondition(head == 0 && firstEnd == 0)
        bytes.insert(contentsOf: header, at: 0)
        for index in ends.indices { ends[index] += header.count }
    }

    /// Calls `body` with what waits.
    package func withBytes<Result, Failure>(_ body: (RawSpan) throws(Failure) -> Result) throws(Failure) -> Result {
        // unsafe: bytes have no padding.
        try unsafe body(bytes.span.extracting(head..<bytes.count).bytes)
    }

    /// Forgets bytes that were sent.
    ///
    /// - Returns: how many messages have gone whole with them.
    package mutating func consume(_ sent: Int) -> Int {
        head += sent
        let before = firstEnd
        while firstEnd < ends.count, ends[firstEnd] <= head { firstEnd += 1 }
        let gone = firstEnd - before
        if isEmpty { self = FrameQueue(framing) }
        return gone
    }

    /// Moves what waits to the front.
    private mutating func drop() {
        bytes.removeSubrange(..<head)
        ends.removeSubrange(..<firstEnd)
        for index in ends.indices { ends[index] -= head }
        head = 0
        firstEnd = 0
    }
}
