// SPDX-License-Identifier: Apache-2.0

import Configuration

/// Cuts a stream into its messages, wherever the reads have cut it.
///
/// What was read whole is never copied; a part of a message, and what the receiver does not take yet, is kept. So a
/// stream at rest between two messages holds no memory, and none holds more than a message and a read.
struct FrameDecoder {
    private let framing: Framing

    /// What was not cut off yet, from ``head`` on.
    private var held: [UInt8] = []
    private var head = 0

    /// How many bytes of the message that is coming are known to hold no terminator.
    private var searched = 0

    /// Whether the receiver has not taken a message, so that nothing more is to be read before ``resume(_:)``.
    private(set) var isStalled = false

    /// A decoder at the beginning of a stream.
    init(_ framing: Framing) {
        self.framing = framing
    }

    /// Whether a part of a message, or whole ones, are held.
    var isHolding: Bool { head < held.count }

    /// Takes what was read, and gives each message that is whole to `take`.
    ///
    /// - Parameter take: whether it took the message; if not, that one and what is behind it wait for ``resume(_:)``. It
    ///   must not use the decoder.
    /// - Throws: ``FramingMistake/tooLong``, after the messages before; the stream cannot be understood any more.
    mutating func decode(_ bytes: RawSpan, _ take: (RawSpan) -> Bool) throws(FramingMistake) {
        guard !isHolding, !isStalled else {
            held.append(copying: bytes)
            return isStalled ? () : try resume(take)
        }
        let start = try cut(bytes, from: 0, take)
        if start < bytes.byteCount { held.append(copying: bytes.extracting(droppingFirst: start)) }
    }

    /// Goes on with what is held.
    mutating func resume(_ take: (RawSpan) -> Bool) throws(FramingMistake) {
        isStalled = false
        // The array is moved out so that its bytes can be lent while the rest of the decoder changes.
        let bytes = held
        held = []
        // unsafe: bytes have no padding.
        head = try cut(unsafe bytes.span.bytes, from: head, take)
        held = bytes
        if head == held.count {
            held = []
            head = 0
        } else if head >= held.count - head {
            held.removeSubrange(..<head)
            head = 0
        }
    }

    /// The stream has ended: a line needs no terminator at the end.
    ///
    /// - Throws: ``FramingMistake/truncated`` if it has ended within a message that says its length.
    mutating func end(_ take: (RawSpan) -> Bool) throws(FramingMistake) {
        try resume(take)
        guard isHolding, !isStalled else { return }
        switch framing {
        case .length16:
            throw .truncated
        case .lines:
            // unsafe: as above.
            isStalled = !take(unsafe held.span.bytes.extracting(droppingFirst: head))
            if !isStalled {
                held = []
                head = 0
            }
        }
    }

    /// Forgets what is held.
    ///
    /// - Parameter isOver: whether the stream has ended.
    /// - Returns: how many whole messages that was.
    mutating func drop(isOver: Bool) -> Int {
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
        var start = first
        while let frame = try framing.frame(in: bytes, from: start, searched: &searched) {
            guard take(bytes.extracting(frame.message)) else {
                isStalled = true
                break
            }
            start = frame.end
        }
        return start
    }
}
