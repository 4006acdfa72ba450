// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream into messages, independent of how reads split it.
///
/// A message that one read contains whole is not copied. An incomplete message, and messages that the receiver did not take,
/// are held. So a stream between two messages holds no memory, and none holds more than a message and a read.
package struct FrameDecoder {
    private let framing: Framing

    /// Bytes that are not cut yet, from ``head`` on.
    private var held: [UInt8] = []
    private var head = 0

    /// How many bytes of the incomplete message were searched and contain no terminator.
    private var searched = 0

    /// Why decoding has stopped for good; nothing is held then.
    private var mistake: FramingMistake?

    /// Whether the receiver did not take a message. Nothing more may be read until ``resume(_:)``.
    package private(set) var isStalled = false

    /// Makes a decoder for the beginning of a stream.
    package init(_ framing: Framing) {
        self.framing = framing
    }

    /// Whether an incomplete message, or whole ones, are held.
    package var isHolding: Bool { head < held.count }

    /// How many bytes are held.
    package var count: Int { held.count - head }

    /// Takes bytes that were read, and passes each complete message to `take`.
    ///
    /// - Parameter take: returns whether it took the message; if not, that message and those behind it wait for
    ///   ``resume(_:)``. It must not use the decoder.
    /// - Throws: ``FramingMistake/tooLong``, after the messages before it. The rest of the stream cannot be decoded, and
    ///   each later call throws the same.
    package mutating func decode(_ bytes: RawSpan, _ take: (RawSpan) -> Bool) throws(FramingMistake) {
        guard !isHolding, !isStalled else {
            held.append(copying: bytes)
            return isStalled ? () : try resume(take)
        }
        let start = try cut(bytes, from: 0, take)
        if start < bytes.byteCount { held.append(copying: bytes.extracting(droppingFirst: start)) }
    }

    /// Continues with the bytes that are held.
    ///
    /// - Throws: as ``decode(_:_:)``.
    package mutating func resume(_ take: (RawSpan) -> Bool) throws(FramingMistake) {
        isStalled = false
        // The array is moved out so that its bytes can be borrowed while the rest of the decoder changes. If cutting throws,
        // nothing is held, and `head` must be 0.
        let bytes = held
        let first = head
        forget()
        // unsafe: bytes have no padding.
        let start = try cut(unsafe bytes.span.bytes, from: first, take)
        guard start < bytes.count else { return }
        held = bytes
        head = start
        if head >= held.count - head {
            held.removeSubrange(..<head)
            head = 0
        }
    }

    /// Ends the stream: a last line needs no terminator.
    ///
    /// - Throws: ``FramingMistake/truncated`` if the stream ended within a message that has a length;
    ///   ``FramingMistake/tooLong`` as in ``decode(_:_:)``, also for a last line without a terminator.
    package mutating func end(_ take: (RawSpan) -> Bool) throws(FramingMistake) {
        try resume(take)
        guard isHolding, !isStalled else { return }
        switch framing {
        case .length16:
            throw .truncated
        case .lines:
            // A CR at the end was held as a possible part of CR LF; at EOF it belongs to the message.
            guard held.count - head <= framing.longestMessage else { throw fail(.tooLong) }
            // unsafe: as above.
            isStalled = !take(unsafe held.span.bytes.extracting(droppingFirst: head))
            if !isStalled {
                searched = 0
                forget()
            }
        }
    }

    /// Resets the decoder and drops the bytes that are held.
    ///
    /// - Parameter isOver: whether the stream has ended.
    /// - Returns: how many whole messages were dropped.
    package mutating func drop(isOver: Bool) -> Int {
        var count = 0
        let take: (RawSpan) -> Bool = { _ in
            count += 1
            return true
        }
        // Bytes that cannot be decoded cannot be counted as messages.
        try? isOver ? end(take) : resume(take)
        self = FrameDecoder(framing)
        return count
    }

    /// Passes every complete message to `take`.
    ///
    /// - Returns: the offset of the first byte that was not taken.
    private mutating func cut(
        _ bytes: RawSpan, from first: Int, _ take: (RawSpan) -> Bool
    ) throws(FramingMistake) -> Int {
        if let mistake { throw mistake }
        var start = first
        do throws(FramingMistake) {
            while let frame = try framing.frame(in: bytes, from: start, searched: &searched) {
                guard take(bytes.extracting(frame.message)) else {
                    isStalled = true
                    break
                }
                start = frame.end
            }
        } catch {
            throw fail(error)
        }
        return start
    }

    /// Stops decoding for good, and drops the bytes that are held.
    private mutating func fail(_ mistake: FramingMistake) -> FramingMistake {
        self.mistake = mistake
        forget()
        return mistake
    }

    private mutating func forget() {
        held = []
        head = 0
    }
}
