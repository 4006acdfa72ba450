// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream into its messages, wherever the reads have cut it.
///
/// What was read whole is never copied; a part of a message, and what the receiver does not take yet, is kept. So a
/// stream at rest between two messages holds no memory, and none holds more than a message and a read.
package struct FrameDecoder {
    private let framing: Framing

    /// What was not cut off yet, from ``head`` on.
    private var held: [UInt8] = []
    private var head = 0

    /// How many bytes of the message that is coming are known to hold no terminator.
    private var searched = 0

    /// Why the stream cannot be understood any more. Then nothing is held.
    private var mistake: FramingMistake?

    /// Whether the receiver has not taken a message, so that nothing more is to be read before ``resume(_:)``.
    package private(set) var isStalled = false

    /// A decoder at the beginning of a stream.
    package init(_ framing: Framing) {
        self.framing = framing
    }

    /// Whether a part of a message, or whole ones, are held.
    package var isHolding: Bool { head < held.count }

    /// Takes what was read, and gives each message that is whole to `take`.
    ///
    /// - Parameter take: whether it took the message; if not, that one and what is behind it wait for ``resume(_:)``. It
    ///   must not use the decoder.
    /// - Throws: ``FramingMistake/tooLong``, after the messages before; the stream cannot be understood any more, and each
    ///   later call throws the same.
    package mutating func decode(_ bytes: RawSpan, _ take: (RawSpan) -> Bool) throws(FramingMistake) {
        guard !isHolding, !isStalled else {
            held.append(copying: bytes)
            return isStalled ? () : try resume(take)
        }
        let start = try cut(bytes, from: 0, take)
        if start < bytes.byteCount { held.append(copying: bytes.extracting(droppingFirst: start)) }
    }

    /// Goes on with what is held.
    ///
    /// - Throws: as ``decode(_:_:)``.
    package mutating func resume(_ take: (RawSpan) -> Bool) throws(FramingMistake) {
        isStalled = false
        // The array is moved out so that its bytes can be lent while the rest of the decoder changes. If cutting throws,
        // nothing is held, and `head` has to say so too.
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

    /// The stream has ended: a line needs no terminator at the end.
    ///
    /// - Throws: ``FramingMistake/truncated`` if it has ended within a message that says its length;
    ///   ``FramingMistake/tooLong`` as ``decode(_:_:)``, and for a last line without a terminator too.
    package mutating func end(_ take: (RawSpan) -> Bool) throws(FramingMistake) {
        try resume(take)
        guard isHolding, !isStalled else { return }
        switch framing {
        case .length16:
            throw .truncated
        case .lines:
            // A CR that could still have been part of a terminator is part of the message now.
            guard held.count - head <= framing.longestMessage else { throw fail(.tooLong) }
            // unsafe: as above.
            isStalled = !take(unsafe held.span.bytes.extracting(droppingFirst: head))
            if !isStalled {
                searched = 0
                forget()
            }
        }
    }

    /// Begins anew, and forgets what is held.
    ///
    /// - Parameter isOver: whether the stream has ended.
    /// - Returns: how many whole messages that was.
    package mutating func drop(isOver: Bool) -> Int {
        var count = 0
        let take: (RawSpan) -> Bool = { _ in
            count += 1
            return true
        }
        // What cannot be told apart any more cannot be counted.
        try? isOver ? end(take) : resume(take)
        self = FrameDecoder(framing)
        return count
    }

    /// Gives all that is whole to `take`.
    ///
    /// - Returns: where what was not taken begins.
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

    /// Notes that the stream cannot be understood any more, and forgets what is held of it.
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
